// `@openai/agents-realtime` in a browser. The page's address says where the server is and gives a client secret.

import { talk } from "./openai_agents_app.mjs";

const asked = new URLSearchParams(location.search);
const recording = async (name) => (await fetch(`/${name}.pcm`)).arrayBuffer();
const told = await talk(asked.get("host"), asked.get("secret"), asked.get("agent"), recording).catch((error) => ({
  failed: String(error?.stack ?? error),
}));
await fetch("/report", { method: "POST", body: JSON.stringify(told) });
