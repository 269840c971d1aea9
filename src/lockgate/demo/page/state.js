// What the page knows: the people, their groups, and a token for each who asked.

import { call } from "/page/dom.js";

export const state = { levels: [], people: [], groups: [], fixed: false, mode: "enforce", sides: new Map() };
const tokens = new Map();

export const person = (id) => state.people.find((one) => one.id === id);
export const nameOf = (identifier) => {
  const id = identifier.replace(/^(user|group):/, "");
  return (identifier.startsWith("user:") && person(id)?.name) || id;
};

export function apply(fresh) {
  const { levels, people, groups, fixed, mode } = fresh;
  Object.assign(state, { levels, people, groups, fixed, mode });
}

export async function token(id) {
  const known = tokens.get(id);
  if (known && known.expires > Date.now() / 1000 + 30) return known.token;
  const fresh = await call("/page/token", { body: { person: id } });
  tokens.set(id, fresh);
  return fresh.token;
}
