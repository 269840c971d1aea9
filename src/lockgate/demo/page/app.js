import { call, el, mark, readers } from "/page/dom.js";
import { included } from "/page/proof.js";

const $ = (selector, root = document) => root.querySelector(selector);
const state = { levels: [], people: [], groups: [], tokens: new Map(), sides: new Map() };

const option = (value, text = value) => el("option", { value }, text);
const person = (id) => state.people.find((one) => one.id === id);

async function token(id) {
  const known = state.tokens.get(id);
  if (known && known.expires > Date.now() / 1000 + 30) return known.token;
  const fresh = await call("/page/token", { body: { person: id } });
  state.tokens.set(id, fresh);
  return fresh.token;
}

class Side {
  constructor(root, first) {
    root.append($("#column").content.cloneNode(true));
    this.root = root;
    this.select = $(".person", root);
    this.select.append(...state.people.map((p) => option(p.id, p.name)));
    this.select.value = first;
    this.select.addEventListener("change", () => this.groups());
    this.groups();
  }

  get id() {
    return this.select.value;
  }

  groups() {
    const mine = new Set(person(this.id)?.groups ?? []);
    const chips = state.groups.map((group) =>
      el("button", {
        type: "button", class: "group", "aria-pressed": mine.has(group), disabled: state.fixed,
        onclick: () => this.toggle(group, !mine.has(group)),
      }, group));
    $(".groups", this.root).replaceChildren(...chips);
  }

  async toggle(group, member) {
    this.say(`${member ? "Adding to" : "Removing from"} ${group}…`);
    try {
      apply(await call("/page/membership", { body: { person: this.id, group, member } }));
      state.sides.forEach((side) => side.groups());
      this.say(`${member ? "Added to" : "Removed from"} ${group}. Ask again: the next answer knows.`);
    } catch (error) {
      this.say(error.message, true);
    }
  }

  say(text, bad = false) {
    const node = $(".state", this.root);
    node.textContent = text;
    node.classList.toggle("error", bad);
  }

  async ask(question, model) {
    $(".answer", this.root).hidden = true;
    this.say("Asking…");
    try {
      const body = { model, messages: [{ role: "user", content: question }] };
      const answer = await call("/v1/chat/completions", { token: await token(this.id), body });
      this.show(answer);
      this.say("");
      await this.prove(answer.lockgate.request_id);
    } catch (error) {
      this.say(error.message, true);
    }
  }

  show(answer) {
    const { lockgate } = answer;
    $(".text", this.root).textContent = answer.choices[0].message.content;
    const label = $(".label", this.root);
    label.replaceChildren(mark(lockgate.label, state.levels), el("span", { class: "why" }, why(lockgate)));
    const notice = $(".notice", this.root);
    notice.textContent = lockgate.notice;
    notice.hidden = !lockgate.notice;
    const cited = lockgate.citations.map((c) =>
      el("li", { value: c.number }, mark(c.label, state.levels), ` ${c.title} `, el("span", { class: "small" }, c.item)));
    $(".citations", this.root).replaceChildren(...(cited.length ? cited : [el("li", { class: "small" }, "none")]));
    $(".gates", this.root).replaceChildren(...gates(lockgate, person(this.id)));
    $(".answer", this.root).hidden = false;
  }

  async prove(id) {
    const box = $(".proof-body", this.root);
    box.replaceChildren("Loading…");
    const proof = await call(`/v1/answers/${id}/proof`, { token: await token(this.id) });
    const rows = await Promise.all(proof.events.map(async (event) => {
      const good = await included(event.event, event.index, proof.size, event.path, proof.root);
      return el("div", { class: "row" }, el("span", {}, good ? "✓" : "✗"),
        el("span", {}, `#${event.index} ${event.title}`), el("span", { class: "small" }, good ? "in the log" : "NOT in the log"));
    }));
    box.replaceChildren(
      el("p", { class: "small" }, `Your browser checked ${rows.length} records against the tree of ${proof.size} with root `, el("code", {}, proof.root)),
      ...rows, el("p", { class: "small" }, "Signed checkpoint:"), el("pre", {}, el("code", {}, proof.checkpoint)));
  }
}

function why(lockgate) {
  const who = `readable by ${readers(lockgate.label)}`;
  const highest = lockgate.citations.find((c) => c.label.sensitivity === lockgate.label.sensitivity);
  return highest ? `${who}, because it rests on “${highest.title}”` : who;
}

function gates(lockgate, who) {
  const line = (effect, title, text, policies = []) =>
    el("li", { class: effect }, el("strong", {}, title), text ? ` ${text}` : "",
      policies.length ? el("div", { class: "policy" }, policies.join(", ")) : "");
  const of = (action) => lockgate.decisions.filter((d) => d.action === action);
  const each = (action, title, text) => of(action).map((d) => line(d.effect, title, text(d), d.policies));
  const reads = of("read");
  const first = reads[0];
  return [
    line("permit", "Identify", who ? `${who.name}, token checked` : "token checked"),
    ...each("prompt", "Decide: to the model", (d) => `${d.resource.id}: ${d.reasons.join("; ")}`),
    reads.length
      ? line(first.effect, "Retrieve, trimmed", `${reads.length} passages decided one by one`, first.policies)
      : line("permit", "Retrieve, trimmed", "nothing that may be read fits"),
    ...each("emit", "Decide: to the reader", (d) => d.reasons.join("; ")),
    line("permit", "Model", `${lockgate.model}${lockgate.rerouted ? " (rerouted)" : ""}`),
    line("permit", "Inspect and record", lockgate.request_id),
  ];
}

function apply(fresh) {
  Object.assign(state, {
    levels: fresh.levels, people: fresh.people, groups: fresh.groups, fixed: fresh.fixed,
  });
}

async function ask(event) {
  event?.preventDefault();
  const question = $("#question").value.trim();
  if (!question) return;
  $("#send").disabled = true;
  try {
    for (const side of state.sides.values()) await side.ask(question, $("#model").value);
  } finally {
    $("#send").disabled = false;
  }
}

async function drop(file) {
  const owner = state.sides.get("left").id;
  const box = $("#dropped");
  box.textContent = `Reading ${file.name}…`;
  try {
    const query = new URLSearchParams({ name: file.name, person: owner, audience: $("#audience").value });
    const fresh = await call(`/page/drop?${query}`, { method: "POST", raw: file });
    const accept = async () => {
      await call("/v1/reviews", { token: await token(owner), body: { document: fresh.document, version: fresh.version } });
      box.textContent = `${fresh.title}: label accepted. Whoever may read it now gets it.`;
      await exposure();
    };
    box.replaceChildren(el("div", { class: "row" }, mark(fresh.label, state.levels),
      el("span", {}, `${fresh.title}: ${fresh.reasons.join("; ") || fresh.problem || "nothing sensitive found"}. Unreviewed: AI serves it to its owner only.`),
      fresh.problem ? "" : el("button", { class: "small", type: "button", onclick: () => accept().catch((e) => { box.textContent = e.message; }) }, "Accept the label")));
    await exposure();
  } catch (error) {
    box.textContent = error.message;
  }
}

async function exposure() {
  const box = $("#exposure");
  try {
    const { data } = await call("/page/exposure");
    const rows = data.slice(0, 8).map((row) => el("div", { class: "row" }, mark({ sensitivity: row.level }, state.levels),
      el("span", {}, row.item, el("div", { class: "small" }, row.why.join("; "))), el("span", { class: "small" }, `${row.people} people`)));
    box.replaceChildren(...(rows.length ? rows : ["Nothing."]));
  } catch (error) {
    box.textContent = error.message;
  }
}

async function start() {
  const fresh = await call("/page/state");
  apply(fresh);
  $("#about").textContent = fresh.title;
  $("#mode").textContent = fresh.mode === "report" ? "report mode: nothing is refused" : "enforcing";
  $("#model").append(...fresh.models.map((m) => option(m)));
  $("#audience").append(...fresh.audiences.map((a) => option(a.id, a.name)));
  $("#question").value = fresh.questions[0] ?? "";
  $("#suggestions").append(...fresh.questions.map((q) =>
    el("button", { type: "button", class: "chip", onclick: () => { $("#question").value = q; ask(); } }, q)));
  for (const root of document.querySelectorAll(".column")) {
    state.sides.set(root.dataset.side, new Side(root, fresh[root.dataset.side]));
  }
  $("#ask").addEventListener("submit", ask);
  $("#drop").hidden = fresh.audiences.length === 0;
  $("#file").addEventListener("change", (event) => event.target.files[0] && drop(event.target.files[0]));
  const zone = $("#drop");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) drop(event.dataTransfer.files[0]);
    });
  }
  await exposure();
}

start().catch((error) => { $("#about").textContent = error.message; });
