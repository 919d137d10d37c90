// `@openai/agents-realtime` over WebRTC, in a browser: its microphone is a track that plays recordings, and what its
// loudspeaker would play is watched.

import { OpenAIRealtimeWebRTC, RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";
import { ADD, converse } from "./person.mjs";

const asked = new URLSearchParams(location.search);
const recording = async (name) => (await fetch(`/${name}.pcm`)).arrayBuffer();

// Says recordings (s16le mono at 24 kHz) on a track.
class MicrophoneTrack {
  constructor(context) {
    this.context = context;
    this.out = context.createMediaStreamDestination();
  }

  get stream() {
    return this.out.stream;
  }

  async say(name) {
    const pcm = new Int16Array(await recording(name));
    const buffer = this.context.createBuffer(1, pcm.length, 24_000);
    buffer.copyToChannel(Float32Array.from(pcm, (sample) => sample / 32_768), 0);
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(this.out);
    source.start();
  }

  stop() {
    this.context.close();
  }
}

// Notes when the sound of a track is loud.
class Watched {
  lastLoud = 0;
  began = 0;
  soundMs = 0;

  async watch(context, stream) {
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let before = performance.now();
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const now = performance.now();
      if (Math.max(...samples.map(Math.abs)) > 0.01) {
        if (now - this.lastLoud > 1_000) this.began = now;
        this.lastLoud = now;
        this.soundMs += now - before;
      }
      before = now;
    }, 10);
  }

  get playing() {
    return performance.now() - this.lastLoud < 500;
  }

  get heardMs() {
    return this.playing ? this.lastLoud - this.began : 0;
  }
}

let seen;

async function talk() {
  seen = { said: [], answers: [], functions: [], interrupted: [], buffer: [], kinds: [], failed: null, connectMs: 0 };
  const context = new AudioContext({ sampleRate: 48_000 });
  const microphone = new MicrophoneTrack(context);
  const loudspeaker = new Watched();
  const add = tool({
    name: "add",
    description: ADD.description,
    parameters: ADD.parameters,
    strict: true,
    execute: async ({ a, b }) => {
      seen.functions.push({ name: "add", a, b });
      return String(a + b);
    },
  });
  const audioElement = document.createElement("audio");
  audioElement.autoplay = true;
  // docs: from here
  const agent = new RealtimeAgent({ name: "desk", tools: [add] });
  const transport = new OpenAIRealtimeWebRTC({
    baseUrl: `http://${asked.get("host")}/v1/realtime/calls`,
    mediaStream: microphone.stream,
    audioElement,
  });
  const session = new RealtimeSession(agent, { transport });
  await session.connect({ apiKey: asked.get("secret") });
  // docs: to here
  seen.connectMs = Math.round(performance.now());
  await loudspeaker.watch(context, audioElement.srcObject);
  let stoppedMs = 0;
  session.on("error", ({ error }) => (seen.failed = new Error(JSON.stringify(error?.message ?? error))));
  session.on("transport_event", (event) => {
    if (event.type === "conversation.item.input_audio_transcription.completed") seen.said.push(event.transcript);
    if (!event.type.endsWith("delta")) seen.kinds.push(`${Math.round(performance.now())} ${event.type}`);
    if (event.type.startsWith("output_audio_buffer.")) seen.buffer.push(event.type.split(".")[1]);
    if (event.type === "output_audio_buffer.cleared") {
      const cleared = performance.now();
      seen.interrupted.push(Math.round(loudspeaker.heardMs));
      setTimeout(() => (stoppedMs = Math.max(0, loudspeaker.lastLoud - cleared)), 700);
    }
  });
  session.on("history_updated", (history) => {
    const told = history.filter((item) => item.type === "message" && item.role === "assistant");
    seen.answers = told.flatMap((item) => item.content.map((part) => part.transcript ?? "")).filter((words) => words);
  });
  await converse(microphone, loudspeaker, seen);
  session.close();
  return { ...seen, kinds: undefined, failed: undefined, stoppedMs: Math.round(stoppedMs), sound_ms: Math.round(loudspeaker.soundMs) };
}

const told = await talk().catch((error) => ({ ...seen, failed: String(error?.stack ?? error) }));
await fetch("/report", { method: "POST", body: JSON.stringify(told) });
