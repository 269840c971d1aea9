// One of the two people: who it is, which groups they are in, and the answer that they got.

import { $, call, el, mark, option, plural } from "/page/dom.js";
import { gates } from "/page/gates.js";
import { included } from "/page/proof.js";
import { apply, person, readers, state, token } from "/page/state.js";
import { chat } from "/page/stream.js";

export class Side {
  constructor(root, first, again, changed) {
    root.append($("#column").content.cloneNode(true));
    Object.assign(this, { root, changed, asking: null });
    this.select = $(".person", root);
    this.select.append(...state.people.map((p) => option(p.id, p.about ? `${p.name} (${p.about})` : p.name)));
    this.select.value = first;
    this.select.addEventListener("change", () => this.become(this.id));
    $(".again", root).addEventListener("click", () => again(this));
    this.groups();
  }

  get id() {
    return this.select.value;
  }

  become(id) {
    this.select.value = id;
    this.groups();
    this.stale();
    this.changed();
  }

  groups() {
    const box = $(".groups", this.root);
    const mine = new Set(person(this.id)?.groups ?? []);
    if (state.fixed) {
      const chips = [...mine].map((group) => el("li", { class: "group member" }, group));
      box.replaceChildren(...(chips.length ? chips : [el("li", { class: "small" }, "in no group")]));
      return;
    }
    if (box.children.length !== state.groups.length) {
      box.replaceChildren(...state.groups.map((group) => el("li", {}, el("button", {
        type: "button", class: "group", role: "switch", onclick: () => this.toggle(group),
      }, group))));
    }
    [...box.querySelectorAll("button")].forEach((node) => node.setAttribute("aria-checked", mine.has(node.textContent)));
  }

  async toggle(group) {
    const who = this.id;
    const member = !(person(who)?.groups ?? []).includes(group);
    try {
      apply(await call("/page/membership", { body: { person: who, group, member } }));
      state.sides.forEach((side) => side.groups());
      const name = person(who)?.name;
      this.say(member ? `${name} is in ${group} now.` : `${name} is not in ${group} any more.`);
      state.sides.forEach((side) => side.id === who && side.stale());
    } catch (error) {
      this.say(error.message);
    }
  }

  say(text) {
    $(".state", this.root).textContent = text;
  }

  // What is shown was answered before something changed.
  stale() {
    const shown = !$(".answer", this.root).hidden || !$(".refused", this.root).hidden;
    $(".answer", this.root).classList.toggle("stale", shown);
    $(".again", this.root).hidden = !shown;
  }

  async ask(question, model) {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const who = person(this.id);
    const text = $(".text", this.root);
    $(".answer", this.root).classList.remove("stale");
    for (const name of [".again", ".refused", ".answer"]) $(name, this.root).hidden = true;
    this.root.setAttribute("aria-busy", "true");
    this.say("Asking…");
    text.textContent = "";
    $(".about-answer", this.root).hidden = true;
    try {
      const onText = (piece) => {
        text.append(piece);
        $(".answer", this.root).hidden = false;
      };
      const lockgate = await chat({ model, question, token: await token(who.id), signal: asking.signal, onText });
      this.show(lockgate, who);
      await this.prove(lockgate.request_id, who);
    } catch (error) {
      if (!asking.signal.aborted) this.refuse(error);
    } finally {
      if (this.asking === asking) this.root.setAttribute("aria-busy", "false");
    }
  }

  refuse(error) {
    this.say("");
    $(".answer", this.root).hidden = !$(".text", this.root).textContent;
    const box = $(".refused", this.root);
    box.replaceChildren(el("strong", {}, error.status < 500 ? "Refused" : "Not available"), ` ${error.message}`,
      el("div", { class: "policy" }, [error.code, error.status && `HTTP ${error.status}`].filter(Boolean).join(", ")));
    box.hidden = false;
  }

  show(lockgate, who) {
    const cited = lockgate.citations;
    const highest = cited.find((c) => c.label.sensitivity === lockgate.label.sensitivity);
    const read = lockgate.decisions.some((d) => d.action === "read");
    const given = highest ? `“${highest.title}”` : read ? "passages with this label" : "the question alone";
    const untrusted = lockgate.label.integrity === "untrusted";
    $(".label", this.root).replaceChildren(mark(lockgate.label, state.levels),
      el("span", { class: "why" }, `readable by ${readers(lockgate.label)}, because the model was given ${given}`,
        untrusted ? el("div", {}, el("strong", {}, "untrusted"), ": text that nobody vouches for was among it; it may not steer anything") : ""));
    const notice = $(".notice", this.root);
    notice.textContent = lockgate.notice;
    notice.hidden = !lockgate.notice;
    const rows = cited.map((c) =>
      el("li", { value: c.number }, mark(c.label, state.levels), ` ${c.title} `, el("span", { class: "small" }, c.item)));
    $(".citations", this.root).replaceChildren(...(rows.length ? rows : [el("li", { class: "none" }, "none")]));
    $(".gates", this.root).replaceChildren(...gates(lockgate, who));
    $(".about-answer", this.root).hidden = false;
    $(".answer", this.root).hidden = false;
    this.say(`Answered for ${who.name}: ${lockgate.label.sensitivity}, ${plural(cited.length, "citation")}.`);
  }

  async prove(id, who) {
    const box = $(".proof-body", this.root);
    $(".proof summary", this.root).textContent = "Audit proof";
    box.replaceChildren("Loading…");
    const proof = await call(`/v1/answers/${id}/proof`, { token: await token(who.id) });
    const checked = await Promise.all(proof.events.map((one) => included(one.event, one.index, proof.size, one.path, proof.root)));
    const bad = checked.filter((good) => !good).length;
    $(".proof summary", this.root).textContent = `Audit proof: ${bad ? `${bad} records are NOT in the log` : `${plural(checked.length, "record")} in the log`}`;
    const rows = proof.events.map((one, at) => el("li", { class: "row" }, el("span", { class: checked[at] ? "ok" : "bad" }, checked[at] ? "✓ in the log" : "✗ NOT in the log"),
      el("span", {}, one.title), el("span", { class: "small" }, `#${one.index}`)));
    box.replaceChildren(
      el("p", { class: "small" }, `Your browser hashed ${plural(rows.length, "record")} and checked each against the log of ${proof.size} whose root is `, el("code", {}, proof.root)),
      el("ol", { class: "records" }, ...rows), el("p", { class: "small" }, "The log's signed checkpoint, to keep elsewhere:"), el("pre", {}, proof.checkpoint));
  }
}
