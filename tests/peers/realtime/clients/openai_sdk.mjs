// A conversation by the SDK `openai` of npm, which knows TLS alone.

import { readFile } from "node:fs/promises";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { ADD, Loudspeaker, Microphone, converse, until } from "./person.mjs";

const { PEER_HOST: HOST, PEER_TOKEN: TOKEN, PEER_AGENT: AGENT, PEER_FOLDER: FOLDER } = process.env;
const seen = { said: [], answers: [], functions: [], interrupted: [], heard: [], failed: null };
const loudspeaker = new Loudspeaker();
let itemId = "";
let answering = false;

// What the app does: plays what it is sent, stops and truncates when it is interrupted, runs the function.
function onEvent(event) {
  switch (event.type) {
    case "response.output_audio.delta":
      itemId = event.item_id;
      loudspeaker.play(Buffer.from(event.delta, "base64").length);
      break;
    case "response.created":
      answering = true;
      break;
    case "input_audio_buffer.speech_started":
      if (!itemId || !(answering || loudspeaker.playing)) break;
      voi.send({
        type: "conversation.item.truncate", item_id: itemId, content_index: 0, audio_end_ms: loudspeaker.heardMs,
      });
      loudspeaker.stop();
      voi.send({ type: "conversation.item.retrieve", item_id: itemId });
      break;
    case "conversation.item.retrieved":
      seen.heard.push(event.item.content[0].transcript);
      break;
    case "conversation.item.input_audio_transcription.completed":
      seen.said.push(event.transcript);
      break;
    case "response.function_call_arguments.done": {
      const given = JSON.parse(event.arguments);
      seen.functions.push({ name: event.name, ...given });
      const output = String(given.a + given.b);
      voi.send({
        type: "conversation.item.create", item: { type: "function_call_output", call_id: event.call_id, output },
      });
      voi.send({ type: "response.create" });
      break;
    }
    case "response.done":
      answering = false;
      if (event.response.status === "cancelled") seen.interrupted.push(event.response.status_details.reason);
      else if (event.response.output[0].type === "message") {
        seen.answers.push(event.response.output[0].content[0].transcript);
      }
  }
}

const session = { type: "realtime", tools: [ADD], audio: { input: { transcription: { model: "whisper-1" } } } };
// docs: from here
const client = new OpenAI({ apiKey: TOKEN, baseURL: `https://${HOST}/v1` });
const voi = await OpenAIRealtimeWS.create(client, { model: AGENT });
voi.on("event", onEvent);
voi.on("error", (error) => (seen.failed = error));
voi.socket.on("open", () => voi.send({ type: "session.update", session }));
const hear = (pcm) => voi.send({ type: "input_audio_buffer.append", audio: Buffer.from(pcm).toString("base64") });
// docs: to here
await until(() => voi.socket.readyState === 1 || seen.failed, "the connection");
const microphone = new Microphone(hear, (name) => readFile(`${FOLDER}/${name}.pcm`));
await converse(microphone, loudspeaker, seen);
voi.close();
const { said, answers, functions, interrupted, heard } = seen;
console.log(JSON.stringify({ said, answers, functions, interrupted, heard, sound_ms: loudspeaker.soundMs }));
process.exit(0);
