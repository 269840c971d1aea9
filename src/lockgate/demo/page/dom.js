// Small helpers. Everything that comes from a server or a document is set as text, never as markup.

export const $ = (selector, root = document) => root.querySelector(selector);

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== ""));
  return node;
}

export const option = (value, text = value) => el("option", { value }, text);
export const button = (text, onclick, kind = "small") => el("button", { type: "button", class: kind, onclick }, text);
export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

export function mark(label, levels) {
  return el("span", { class: "mark", "data-level": levels.indexOf(label.sensitivity) }, label.sensitivity);
}

export class Refusal extends Error {
  constructor(message, status, code) {
    super(message.charAt(0).toUpperCase() + message.slice(1));
    Object.assign(this, { status, code });
  }
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  const text = body.error?.message ?? [body.detail, body.remedy].filter(Boolean).join(". ");
  return new Refusal(text || `HTTP ${response.status}`, response.status, body.error?.code ?? body.code ?? "");
}

export async function open(path, { token, body, method, raw, signal } = {}) {
  const headers = { "Lockgate-Demo": location.hash.slice(1) };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(path, { method: method ?? (payload ? "POST" : "GET"), headers, body: payload, signal });
  if (!response.ok) throw await refusal(response);
  return response;
}

export const call = async (path, options) => (await open(path, options)).json();
