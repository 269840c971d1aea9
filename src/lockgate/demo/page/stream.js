// One question as a stream (server-sent events): text as it comes, then what Lockgate says about it.

import { open, Refusal } from "/page/dom.js";

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) if (part.startsWith("data: {")) yield JSON.parse(part.slice(6));
  }
}

export async function chat({ model, question, token, signal, onText }) {
  const body = { model, stream: true, messages: [{ role: "user", content: question }] };
  const response = await open("/v1/chat/completions", { token, body, signal });
  let lockgate;
  for await (const event of events(response)) {
    if (event.error) throw new Refusal(event.error.message, response.status, event.error.code);
    onText(event.choices?.[0]?.delta?.content ?? "");
    lockgate = event.lockgate ?? lockgate;
  }
  if (!lockgate) throw new Refusal("the answer was cut off", response.status, "cut_off");
  return lockgate;
}
