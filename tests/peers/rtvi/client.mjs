// A conversation by pipecat's JavaScript client, as an app would have it. The microphone is a recording that the
// browser plays; what comes out of the loudspeaker is captured. All that happened is posted to the test.

import { PipecatClient } from "@pipecat-ai/client-js";
import { WavMediaManager, WebSocketTransport } from "@pipecat-ai/websocket-transport";

const asked = new URLSearchParams(location.search);
const events = [];
const sound = [];
const now = () => performance.timeOrigin + performance.now();
const note = (kind, data) => events.push({ at: now(), kind, data });
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const until = async (seen, what, ms = 40000) => {
  for (const end = now() + ms; !seen(); await wait(10)) if (now() > end) throw new Error(`in vain: ${what}`);
};
const has = (kind, times = 1) => events.filter((event) => event.kind === kind).length >= times;

// Whatever is connected to the loudspeaker is captured as well. The client's player connects again after each gap.
const connect = AudioNode.prototype.connect;
const taps = new WeakMap();
function tapOf(context) {
  if (!taps.has(context)) {
    const tap = context.createScriptProcessor(512, 1, 1);
    tap.onaudioprocess = ({ inputBuffer }) => {
      sound.push({ at: now(), pcm: [...inputBuffer.getChannelData(0)].map((x) => Math.round(x * 32767)) });
    };
    connect.call(tap, context.destination);
    taps.set(context, tap);
  }
  return taps.get(context);
}
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode) {
    note("player-starts");
    connect.call(this, tapOf(this.context));
  }
  return connect.call(this, to, ...rest);
};

async function talk() {
  const client = new PipecatClient({
    transport: new WebSocketTransport({ mediaManager: new WavMediaManager(undefined, 16000) }),
    enableMic: true,
    callbacks: {
      onBotReady: (data) => note("bot-ready", data),
      onBotStartedSpeaking: () => note("bot-started"),
      onBotStoppedSpeaking: () => note("bot-stopped"),
      onUserStartedSpeaking: () => note("user-started"),
      onUserStoppedSpeaking: () => note("user-stopped"),
      onUserTranscript: (data) => note("transcript", data),
      onBotOutput: (data) => note("output", data),
      onBotTtsText: (data) => note("tts-text", data),
      onBotLlmText: (data) => note("llm-text", data),
      onLLMFunctionCallStopped: (data) => note("function-stopped", data),
      onError: (message) => note("error", message.data),
      onMessageError: (message) => note("message-error", message?.data ?? {}),
      onDisconnected: () => note("disconnected"),
    },
  });
  client.registerFunctionCallHandler("find", async ({ arguments: given }) => {
    note("function", given);
    return { state: "sent", number: given.number };
  });
  await client.startBotAndConnect({
    endpoint: asked.get("start"),
    headers: new Headers({ Authorization: `Bearer ${asked.get("token")}` }),
    requestData: { agent: "desk", app_tools: ["find"], greet: false },
  });
  note("connected");
  await until(() => has("bot-stopped"), "the interruption");
  await until(() => has("bot-stopped", 2), "the second answer");
  await wait(300);
  await client.sendText("Where is order 7?");
  await until(() => has("bot-stopped", 3), "the answer with a function");
  await client.sendText("And the figures?", { audio_response: false });
  await until(() => events.some(({ kind, data }) => kind === "llm-text" && data.text === "All right."), "the written answer");
  client.sendUIEvent("seen", {});
  try {
    await client.sendClientRequest("nothing-knows-this", {});
  } catch (error) {
    note("refused", error?.data ?? String(error));
  }
  await wait(500);
  await client.disconnect();
}

await talk().catch((error) => note("failed", String(error?.stack ?? error)));
await fetch("/report", { method: "POST", body: JSON.stringify({ events, sound }) });
