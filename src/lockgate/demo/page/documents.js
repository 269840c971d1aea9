// Documents: one that is dropped in, what AI would expose, and the review of both.

import { $, button, call, el, mark, plural } from "/page/dom.js";
import { nameOf, person, readers, state, token } from "/page/state.js";

const SHOWN = 100;
const sides = () => [...new Set([...state.sides.values()].map((side) => side.id))];
const found = (row) => row.evidence.map((one) => `${one.count} × ${one.kind}`).join(", ");
const owned = (row) => row.owners.map(nameOf).join(", ");

// What each of the two people may review, by document: its version, and who may.
async function reviewable() {
  const known = new Map();
  await Promise.all(sides().map(async (id) => {
    const { data } = await call("/v1/reviews?limit=1000", { token: await token(id) });
    for (const row of data) if (!known.has(row.document)) known.set(row.document, { row, id });
  }));
  return known;
}

async function review(row, id, more, say) {
  try {
    const body = { document: row.document, version: row.version, ...more };
    const after = await call("/v1/reviews", { token: await token(id), body });
    const who = person(id)?.name;
    await exposure(`${who} reviewed “${after.title}”: ${after.label.sensitivity}, for ${readers(after.label)}. AI serves it to them from now on.`);
    return true;
  } catch (error) {
    const reason = error.code === "reason_needed" && !more.reason && prompt(error.message);
    if (reason) return review(row, id, { ...more, reason }, say);
    say(error.message);
    return false;
  }
}

// The choices that a reviewer has: accept; where too many would find it, first narrow it.
function choices(row, id, done = () => {}) {
  const note = el("span", { class: "small", role: "status" });
  const choose = (text, more) => button(text, async () => {
    if (await review(row, id, more, (message) => { note.textContent = message; })) done();
  });
  const broad = row.why.some((one) => one.includes("widely"));
  const name = person(id)?.name;
  const own = { sensitivity: row.level, readers: [[`user:${id}`]], forbidden_uses: row.label.forbidden_uses };
  return el("div", { class: "choices" },
    ...(broad ? [choose(`As ${name}: keep it to myself`, own), choose(`Accept for ${row.open_to}`, { broad: true })]
      : [choose(`Accept the label as ${name}`, {})]), note);
}

function ask(row) {
  const owner = row.owners.map((one) => one.replace(/^user:/, "")).find((id) => person(id));
  if (!owner) return el("div", { class: "small" }, "No owner is left; a data steward decides.");
  return el("div", { class: "choices" }, button(`Show as ${person(owner).name}, its owner`, () => state.sides.get("right").become(owner), "chip"));
}

function entry(row, allowed) {
  const evidence = found(row);
  return el("li", { class: "entry" }, mark({ sensitivity: row.level }, state.levels),
    el("div", {}, el("strong", {}, row.item),
      el("div", { class: "small" }, [row.why.join("; "), evidence && `found: ${evidence}`, `open to ${row.open_to}`, `owner: ${owned(row) || "nobody"}`].filter(Boolean).join(" · ")),
      allowed ? choices({ ...row, version: allowed.row.version }, allowed.id) : ask(row)));
}

// Documents in which nothing was found: one key accepts all that a person on this page owns.
function unseen(count, known) {
  const rows = [...known.values()].filter(({ row }) => row.rank < 2 && !row.problem && !row.evidence.length);
  if (!count) return [];
  const text = el("p", {}, `In ${plural(count, "more document")} nothing sensitive was found, but nobody has reviewed them: AI serves them to their owners only.`);
  const accept = async (id) => {
    const levels = new Set(rows.filter((one) => one.id === id).map((one) => one.row.level));
    try {
      for (const proposed of levels) await call("/v1/reviews/rule", { token: await token(id), body: { pattern: "*", proposed } });
      await exposure("Accepted. Ask again: everybody who may open them now gets answers from them.");
    } catch (error) {
      text.textContent = error.message;
    }
  };
  const counts = sides().map((id) => [id, rows.filter((one) => one.id === id).length]).filter(([, n]) => n);
  return [text, el("div", { class: "choices" }, ...counts.map(([id, n]) => button(`Accept ${n} as ${person(id)?.name}`, () => accept(id))))];
}

export async function exposure(said = "") {
  const [list, note] = [$("#exposure"), $("#reviewed")];
  note.textContent = said;
  try {
    const [listed, known] = await Promise.all([call("/page/exposure"), reviewable()]);
    const rows = listed.data.slice(0, SHOWN).map((row) => entry(row, known.get(row.document)));
    list.replaceChildren(...(rows.length ? rows : [el("li", {}, "Nothing sensitive is held back.")]));
    const more = listed.sensitive - rows.length;
    $("#more").replaceChildren(
      ...(more > 0 ? [el("p", {}, `… and ${plural(more, "more sensitive document")}.`)] : []),
      ...unseen(listed.unseen, known),
      ...(listed.unreadable ? [el("p", {}, `${plural(listed.unreadable, "document")} could not be read, so AI serves them to nobody.`)] : []));
  } catch (error) {
    note.textContent = error.message;
  }
}

export async function drop(file) {
  const owner = state.sides.get("left").id;
  const box = $("#dropped");
  box.textContent = `Reading ${file.name}…`;
  try {
    const query = new URLSearchParams({ name: file.name, person: owner, audience: $("#audience").value });
    const row = await call(`/page/drop?${query}`, { method: "POST", raw: file });
    const who = person(owner)?.name;
    const held = row.reviewed ? "It was reviewed before; that review still holds."
      : row.problem ? `Lockgate ${row.problem}. AI serves it to nobody.`
        : `Held back: ${row.why.join("; ")}. Its rights let in ${readers(row.label)}; until it is reviewed, AI serves it to ${who} only.`;
    box.replaceChildren(el("div", { class: "entry" }, mark(row.label, state.levels), el("div", {},
      el("strong", {}, row.title), el("div", { class: "small" }, `Proposed: ${row.label.sensitivity}. ${found(row) ? `Found: ${found(row)}` : "Nothing sensitive found"}.`),
      el("p", { class: "small" }, held), row.problem || row.reviewed ? "" : choices(row, owner, () => { box.replaceChildren(); }))));
    await exposure();
  } catch (error) {
    box.textContent = error.message;
  }
}
