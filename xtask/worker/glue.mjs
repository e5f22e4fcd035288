// Tests how server/worker/js/glue.js sends an answer in slices: one that is read to its end, one whose client leaves,
// one whose client reads nothing, and one whose module instance a panic ended. After the panic the module's memory
// belongs to a new instance, so nothing may be freed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";

const text = readFileSync(new URL("../../server/worker/js/glue.js", import.meta.url), "utf8");
const { sliced } = await import(`data:text/javascript,${encodeURIComponent(text)}`);

// Like workerd's: closing fails while bytes are missing.
globalThis.FixedLengthStream = class extends TransformStream {
  constructor(length) {
    let missing = length;
    super({
      transform(slice, controller) {
        missing -= slice.length;
        controller.enqueue(slice);
      },
      flush() {
        if (missing > 0) throw new TypeError("bytes are missing");
      },
    });
  }
};

/** Like wasm-bindgen's class: methods check that the instance is theirs, and `free` does not. */
class Answer {
  isStale = false;
  called = [];
  constructor(slices) {
    this.slices = slices;
  }
  next() {
    this.look();
    return this.slices.shift();
  }
  end() {
    this.called.push("end");
    this.look();
  }
  free() {
    this.called.push("free");
  }
  look() {
    if (this.isStale) throw new Error("Invalid stale object from previous Wasm instance");
  }
}

const slices = (count) => Array.from({ length: count }, () => new Uint8Array(8));
const answered = (answer, length, patience = 60_000) =>
  sliced(200, ["a", "b"], answer, length, patience).body.getReader();

async function taken(reader) {
  let bytes = 0;
  for (let read; !(read = await reader.read()).done; ) bytes += read.value.length;
  await setImmediate();
  return bytes;
}

const whole = new Answer(slices(4));
assert.equal(await taken(answered(whole, 32)), 32);
assert.deepEqual(whole.called, ["end"]);

const late = new Answer(slices(3));
await assert.rejects(taken(answered(late, 32)), /missing/);
await setImmediate();
assert.deepEqual(late.called, ["end"]);

const left = new Answer(slices(4));
await answered(left, 32).cancel();
await setImmediate();
assert.deepEqual(left.called, ["end"]);

const unread = new Answer(slices(4));
answered(unread, 32, 20);
await new Promise((resolve) => setTimeout(resolve, 500));
assert.deepEqual(unread.called, ["end"]);

const stale = new Answer(slices(4));
const reader = answered(stale, 32);
await reader.read();
stale.isStale = true;
const ended = taken(reader).then(() => "it is whole", (error) => error.message);
let timer;
const waits = new Promise((resolve) => (timer = setTimeout(resolve, 5_000, "it goes on for ever")));
assert.match(await Promise.race([ended, waits]), /stale/);
clearTimeout(timer);
await setImmediate();
assert.deepEqual(stale.called, ["end"]);
console.log("the Worker's JavaScript: answers in slices end, whatever ends them");
