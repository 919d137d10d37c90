// `@openai/agents-realtime` in Node.

import { readFile } from "node:fs/promises";
import { talk } from "./openai_agents_app.mjs";

const { PEER_HOST, PEER_TOKEN, PEER_AGENT, PEER_FOLDER } = process.env;
const told = await talk(PEER_HOST, PEER_TOKEN, PEER_AGENT, (name) => readFile(`${PEER_FOLDER}/${name}.pcm`));
console.log(JSON.stringify(told));
process.exit(0);
