// A conversation by `@openai/agents-realtime` over a WebSocket, in Node and in a browser: the app plays sound, the SDK
// truncates and runs the function.

import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";
import { ADD, Loudspeaker, Microphone, converse } from "./person.mjs";

// TOKEN: a token in Node, a client secret in a browser. Returns what the client has seen.
export async function talk(HOST, TOKEN, AGENT, recording) {
  const seen = { said: [], answers: [], functions: [], interrupted: [], failed: null };
  const loudspeaker = new Loudspeaker();
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
  // docs: from here
  const agent = new RealtimeAgent({ name: "desk", tools: [add] });
  const url = `ws://${HOST}/v1/realtime?model=${AGENT}`;
  const session = new RealtimeSession(agent, { transport: new OpenAIRealtimeWebSocket({ url }) });
  session.on("audio", ({ data }) => loudspeaker.play(data.byteLength));
  session.on("audio_interrupted", () => {
    seen.interrupted.push(loudspeaker.heardMs);
    loudspeaker.stop();
  });
  await session.connect({ apiKey: TOKEN });
  const hear = (pcm) => session.sendAudio(pcm.buffer);
  // docs: to here
  session.on("error", ({ error }) => (seen.failed = new Error(JSON.stringify(error?.message ?? error))));
  session.on("transport_event", (event) => {
    if (event.type === "conversation.item.input_audio_transcription.completed") seen.said.push(event.transcript);
  });
  session.on("history_updated", (history) => {
    const told = history.filter((item) => item.type === "message" && item.role === "assistant");
    seen.answers = told.flatMap((item) => item.content.map((part) => part.transcript ?? "")).filter((words) => words);
  });
  await converse(new Microphone(hear, recording), loudspeaker, seen);
  session.close();
  const { said, answers, functions, interrupted } = seen;
  return { said, answers, functions, interrupted, sound_ms: loudspeaker.soundMs };
}
