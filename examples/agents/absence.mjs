// Absence notes, in JavaScript and with nothing but Node itself: each mail is answered once, with the words in NOTE.
//
// GATEPOST_URL and GATEPOST_KEY say where the house is, PLACE names the file that keeps how far the stream was read.
// It is written after the answer: killed in between, this program reads the event again, and the key of the answer keeps
// a second mail from being sent. What came while it was down it hears of when it is started again.
import { readFileSync, renameSync, writeFileSync } from "node:fs";

const { GATEPOST_URL, GATEPOST_KEY, PLACE, NOTE } = process.env;
const authorization = `Bearer ${GATEPOST_KEY}`;
const lasting = new Set([400, 401, 403, 404, 409, 413, 422]); // the same call gets the same answer
const pause = (seconds) => new Promise((resume) => setTimeout(resume, seconds * 1000));

function place() {
  try {
    return readFileSync(PLACE, "utf8");
  } catch {
    return "";
  }
}

function keep(cursor) {
  writeFileSync(`${PLACE}.new`, cursor);
  renameSync(`${PLACE}.new`, PLACE);
}

async function answer(mailbox, { id, data }) {
  if (data.is_automatic) return;
  const url = `${GATEPOST_URL}/v1/mailboxes/${mailbox}/messages/${data.email_id}/reply`;
  const headers = { authorization, "content-type": "application/json", "idempotency-key": id };
  for (;;) {
    const said = await fetch(url, { method: "POST", headers, body: JSON.stringify({ text_body: NOTE }) });
    if (said.ok) return;
    if (lasting.has(said.status)) return console.log(`${data.email_id}: ${(await said.json()).detail}`);
    await pause(Number(said.headers.get("retry-after") ?? 1));
  }
}

async function follow(mailbox) {
  const headers = { authorization, ...(place() && { "last-event-id": place() }) };
  const stream = await fetch(`${GATEPOST_URL}/v1/mailboxes/${mailbox}/events/stream`, { headers });
  if (lasting.has(stream.status)) throw new Error(`no stream: ${stream.status}`);
  if (!stream.ok) return;
  let rest = "";
  for await (const piece of stream.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + piece).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const field = (name) => block.match(new RegExp(`^${name}: ?(.*)$`, "m"))?.[1];
      const event = field("data") && JSON.parse(field("data"));
      if (event?.type === "email.received") await answer(mailbox, event);
      if (field("id")) keep(field("id"));
      if (field("id") && !event) console.log("following");
    }
  }
}

const { mailbox_id } = await (await fetch(`${GATEPOST_URL}/v1/whoami`, { headers: { authorization } })).json();
for (;;) {
  try {
    await follow(mailbox_id);
  } catch (error) {
    if (error.message.startsWith("no stream")) throw error;
    console.log(`again: ${error.message}`); // the house is being started anew, or the way to it is cut
  }
  await pause(1);
}
