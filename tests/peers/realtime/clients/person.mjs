// The person at a client's end, in Node and in a browser: a microphone that is always open, and a loudspeaker that plays
// in real time. `recording(name)` returns PCM, s16le mono at 24 kHz.

export const ADD = {
  type: "function",
  name: "add",
  description: "Add two figures.",
  parameters: {
    type: "object",
    properties: { a: { type: "number" }, b: { type: "number" } },
    required: ["a", "b"],
    additionalProperties: false,
  },
};
const BYTES_PER_MS = 48;
const CHUNK_MS = 50;

export const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(seen, what, timeoutMs = 30_000) {
  for (const end = Date.now() + timeoutMs; !seen(); await wait(10)) {
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
  }
}

// Gives `send` 50 ms at a time: silence, and what `say` was told.
export class Microphone {
  #waiting = new Uint8Array();

  constructor(send, recording) {
    this.recording = recording;
    let due = Date.now();
    this.timer = setInterval(() => {
      for (; due <= Date.now(); due += CHUNK_MS) send(this.#next());
    }, CHUNK_MS / 2);
  }

  async say(name) {
    this.#waiting = new Uint8Array(await this.recording(name));
  }

  stop() {
    clearInterval(this.timer);
  }

  #next() {
    const chunk = new Uint8Array(CHUNK_MS * BYTES_PER_MS);
    chunk.set(this.#waiting.subarray(0, chunk.length));
    this.#waiting = this.#waiting.subarray(chunk.length);
    return chunk;
  }
}

// Keeps time for sound that is played as it comes.
export class Loudspeaker {
  #began = 0;
  #until = 0;
  gotBytes = 0;

  play(bytes) {
    if (Date.now() >= this.#until) this.#began = this.#until = Date.now();
    this.#until += bytes / BYTES_PER_MS;
    this.gotBytes += bytes;
  }

  get playing() {
    return Date.now() < this.#until;
  }

  get heardMs() {
    return Math.floor(Math.min(Date.now(), this.#until) - this.#began);
  }

  get soundMs() {
    return Math.floor(this.gotBytes / BYTES_PER_MS);
  }

  stop() {
    this.#until = 0;
  }
}

// A conversation: `seen` is what the app noticed so far.
export async function converse(microphone, loudspeaker, seen) {
  await microphone.say("dog");
  await until(() => loudspeaker.heardMs > 2_500 || seen.failed, "the story");
  await microphone.say("figures");
  await until(() => seen.interrupted.length || seen.failed, "the interruption");
  await until(() => seen.functions.length || seen.failed, "the function");
  await until(() => loudspeaker.playing || seen.failed, "the answer");
  await until(() => !loudspeaker.playing || seen.failed, "the end of its sound");
  await wait(500);
  microphone.stop();
  if (seen.failed) throw seen.failed;
}
