// Runs in Node: every feature of a script against every target, one printed JSON line each; the twin of features.py.
// After each line it waits for one on standard input, so that the test knows which requests belong to which feature.

import { readSync } from "node:fs";

export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC";
export const PDF =
  "JVBERi0xLjEKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZy9QYWdlcyAyIDAgUj4+ZW5kb2JqIDIgMCBvYmo8PC9UeXBlL1BhZ2Vz" +
  "L0tpZHNbXS9Db3VudCAwPj5lbmRvYmoKdHJhaWxlcjw8L1Jvb3QgMSAwIFI+PgolJUVPRgo=";
export const DEGREES = { Tokyo: "18", Paris: "11" };

/** Read two events of a stream that would go on for long, close it, and tell when, on the machine's monotonic clock. */
export async function cancelled(stream, close) {
  let taken = 0;
  let closed = 0;
  try {
    for await (const _ of stream) {
      taken += 1;
      if (taken === 2) {
        closed = Number(process.hrtime.bigint()) / 1e9;
        close();
        break;
      }
    }
  } catch (raised) {
    if (!closed) throw raised;
  }
  return { taken, closed };
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
