// The gates that a request passed, in the order in which it passed them.

import { el, mark, plural } from "/page/dom.js";
import { state } from "/page/state.js";

const WORDS = { permit: "permitted", deny: "denied", observe: "would be denied; let through in report mode" };

function line(effect, title, ...more) {
  return el("li", { class: effect }, el("strong", {}, title), ...more);
}

function because(decision) {
  const why = decision.effect === "permit" ? decision.policies.filter((p) => p !== "labels") : decision.reasons;
  return [
    el("span", { class: `effect ${decision.effect}` }, WORDS[decision.effect] ?? decision.effect),
    el("div", { class: "policy" }, why.length ? why.join("; ") : "labels permit this"),
  ];
}

const decide = (title, text, decision) => line(decision.effect, title, ` ${text} `, ...because(decision));

function retrieval(reads) {
  if (!reads.length) return line("permit", "Retrieve, trimmed", " nothing that may be read fits");
  const worst = reads.find((d) => d.effect !== "permit") ?? reads[0];
  const over = reads.filter((d) => d.effect !== "permit").length;
  const text = ` ${plural(reads.length, "passage")}, each decided${over ? `; ${over} of them` : ""} `;
  return line(worst.effect, "Retrieve, trimmed", text, ...because(worst));
}

export function gates(lockgate, who) {
  const rows = [
    line("permit", "Identify", ` ${who?.name ?? "you"}, token checked`),
    line("permit", "Label the prompt", " ", mark(lockgate.prompt_label, state.levels)),
  ];
  let reads = null; // null until the prompt may go to a model; then the passages of one retrieval
  let again = false;
  const retrieved = () => {
    if (reads !== null) rows.push(retrieval(reads));
    reads = null;
  };
  for (const decision of lockgate.decisions) {
    if (decision.action === "read") {
      (reads ??= []).push(decision);
    } else if (decision.action === "prompt") {
      retrieved();
      const title = again ? "Decide again: with what was found" : "Decide: may the prompt go to the model";
      rows.push(decide(title, decision.resource.id, decision));
      if (!again && decision.effect !== "deny") {
        again = true;
        reads = [];
      }
    } else {
      retrieved();
      rows.push(decide("Decide: may the answer go to the reader", who?.name ?? "you", decision));
    }
  }
  rows.push(
    line(lockgate.rerouted ? "rerouted" : "permit", "Call the model", ` ${lockgate.model} `,
      lockgate.rerouted ? el("span", { class: "effect deny" }, "rerouted: the model asked for may not see this") : ""),
    line("permit", "Inspect, release, record", ` ${lockgate.request_id}`),
  );
  return rows;
}
