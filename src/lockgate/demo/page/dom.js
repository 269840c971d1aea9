// Small helpers. Everything that comes from a server or a document is set as text, never as markup.

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

export function mark(label, levels) {
  const level = levels.indexOf(label.sensitivity);
  return el("span", { class: "mark", "data-level": level }, label.sensitivity);
}

export function readers(label) {
  const clause = (names) => (names.length ? names.map((n) => n.replace(/^(user|group):/, "")).join(" or ") : "nobody");
  return label.readers.map(clause).join(", and also ");
}

async function failure(response) {
  try {
    const body = await response.json();
    return body.error?.message ?? [body.detail, body.remedy].filter(Boolean).join(". ");
  } catch {
    return `HTTP ${response.status}`;
  }
}

export async function call(path, { token, body, method, raw } = {}) {
  const headers = { "Lockgate-Demo": "1" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(path, { method: method ?? (payload ? "POST" : "GET"), headers, body: payload });
  if (!response.ok) throw new Error(await failure(response));
  return response.json();
}
