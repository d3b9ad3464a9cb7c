// Runs in Node: every feature of a script against every target, one printed JSON line each; the twin of features.py.
// After each line it waits for one on standard input, so that the test knows which requests belong to which feature.

import { readSync } from "node:fs";

export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC";
export const PDF =
  "JVBERi0xLjEKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZy9QYWdlcyAyIDAgUj4+ZW5kb2JqIDIgMCBvYmo8PC9UeXBlL1BhZ2Vz" +
  "L0tpZHNbXS9Db3VudCAwPj5lbmRvYmoKdHJhaWxlcjw8L1Jvb3QgMSAwIFI+PgolJUVPRgo=";
export const DEGREES = { Tokyo: "18", Paris: "11" };

/** Three times: read two events of a stream that would go on for long, close it, and tell when (monotonic clock). */
export async function cancelled(begin) {
  const told = [];
  for (let n = 0; n < 3; n += 1) {
    const { stream, close } = await begin();
    const events = stream[Symbol.asyncIterator]();
    await events.next();
    await events.next();
    told.push(Number(process.hrtime.bigint()) / 1e9);
    close();
    await events.next().catch(() => {});
  }
  return told;
}

/** Three times: wait for a whole answer for less long than it takes, and tell when that was given up. */
export async function abandoned(call) {
  const told = [];
  for (let n = 0; n < 3; n += 1) {
    try {
      await call(AbortSignal.timeout(300));
    } catch (raised) {
      told.push(Number(process.hrtime.bigint()) / 1e9);
      if (!/time|abort/i.test(`${raised.constructor.name} ${raised.name} ${raised.message}`)) throw raised;
    }
  }
  return told;
}

/** What a test must show of something that went wrong where nothing should. */
function unexpected(raised) {
  return { unexpected: `${raised?.constructor?.name}: ${raised?.message}` };
}

export async function main(features) {
  const line = Buffer.alloc(64);
  for (const target of JSON.parse(process.env.PENSTOCK_TEST_TARGETS)) {
    for (const [feature, run] of Object.entries(features)) {
      if (!target.features.includes(feature)) continue;
      const printed = await run(target).catch(unexpected);
      process.stdout.write(`${JSON.stringify({ target: target.name, feature, printed })}\n`);
      // A turn of the event loop, so that a connection that was let go is closed before this waits.
      await new Promise((resolve) => setTimeout(resolve, 1));
      readSync(0, line);
    }
  }
  process.exit(0);
}
