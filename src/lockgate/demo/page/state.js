// What the page knows: the people, their groups, and a token for each who asked.

import { call } from "/page/dom.js";

export const state = { levels: [], people: [], groups: [], fixed: false, mode: "enforce", sides: new Map() };
const tokens = new Map();

export const person = (id) => state.people.find((one) => one.id === id);
export const nameOf = (identifier) => {
  const id = identifier.replace(/^(user|group):/, "");
  return (identifier.startsWith("user:") && person(id)?.name) || id;
};

// In words: every person must satisfy each clause, by any of its names.
export function readers(label) {
  const clause = (names) => {
    if (names.includes(state.everybody.id)) return state.everybody.name;
    return names.length ? names.map(nameOf).join(" or ") : "nobody";
  };
  const all = [...new Set(label.readers.map(clause))];
  const narrow = all.filter((one) => one !== state.everybody.name);
  return (narrow.length ? narrow : all).join(", and also ");
}

export function apply(fresh) {
  const { levels, people, groups, fixed, mode, everybody } = fresh;
  Object.assign(state, { levels, people, groups, fixed, mode, everybody });
}

export async function token(id) {
  const known = tokens.get(id);
  if (known && known.expires > Date.now() / 1000 + 30) return known.token;
  const fresh = await call("/page/token", { body: { person: id } });
  tokens.set(id, fresh);
  return fresh.token;
}
