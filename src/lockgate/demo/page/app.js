// The page: two people, one question, two answers.

import { $, button, call, option } from "/page/dom.js";
import { drop, exposure } from "/page/documents.js";
import { Side } from "/page/side.js";
import { apply, state } from "/page/state.js";

let asked = null;

async function ask(event) {
  event?.preventDefault();
  const question = $("#question").value.trim();
  if (!question) return;
  asked = { question, model: $("#model").value };
  $("#send").disabled = true;
  await Promise.all([...state.sides.values()].map((side) => side.ask(question, asked.model)));
  $("#send").disabled = false;
}

function suggest({ name, question, model, left, right }) {
  const pick = () => {
    $("#question").value = question;
    $("#model").value = model;
    if (left) state.sides.get("left").become(left);
    if (right) state.sides.get("right").become(right);
    ask();
  };
  const chip = button(name, pick, "chip");
  chip.title = question;
  return chip;
}

function dropping(zone) {
  $("#file").addEventListener("change", async (event) => {
    if (event.target.files[0]) await drop(event.target.files[0]);
    event.target.value = "";
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) drop(event.dataTransfer.files[0]);
    });
  }
}

async function start() {
  const fresh = await call("/page/state");
  apply(fresh);
  const report = fresh.mode === "report";
  $("#about").textContent = fresh.title;
  $("#mode").textContent = report ? "Report mode: nothing is refused, everything is recorded" : "Enforcing";
  document.body.classList.toggle("report", report);
  $("#model").append(...fresh.models.map((m) => option(m)));
  $("#audience").append(...fresh.audiences.map((a) => option(a.id, a.name)));
  $("#question").value = fresh.questions[0]?.question ?? "";
  $("#suggestions").append(...fresh.questions.map(suggest));
  const again = (side) => asked && side.ask(asked.question, asked.model);
  for (const root of document.querySelectorAll(".column")) {
    state.sides.set(root.dataset.side, new Side(root, fresh[root.dataset.side], again, () => exposure()));
  }
  $("#ask").addEventListener("submit", ask);
  $("#question").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) ask(event);
  });
  $("#drop").hidden = fresh.audiences.length === 0;
  dropping($("#drop"));
  await exposure();
}

start().catch((error) => { $("#about").textContent = error.message; });
