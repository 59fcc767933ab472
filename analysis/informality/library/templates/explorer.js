"use strict";
// One page, no network: the data are gzipped inside; what is chosen stands in the address, so a link brings it back.
(async () => {
  const $ = id => document.getElementById(id);
  const say = (tag, attributes = {}, ...inside) => {
    const made = document.createElement(tag);
    for (const [k, v] of Object.entries(attributes))
      if (k.startsWith("on")) made.addEventListener(k.slice(2), v);
      else if (v !== false && v != null) made.setAttribute(k, v === true ? "" : v);
    made.append(...inside.filter(x => x != null));
    return made;
  };
  if (!("DecompressionStream" in window)) {
    $("title").textContent = "This browser is too old for the explorer (it needs one of 2023 or later). The same figures are in the workbook and the CSV file beside it.";
    return;
  }
  const packed = Uint8Array.from(atob($("data").textContent), c => c.charCodeAt(0));
  const D = JSON.parse(await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text());
  const S = D.words, C = D.columns, N = D.rows;
  const text = (name, i) => C[name].names[C[name].codes[i]];
  const code = (name, i) => C[name].codes[i];
  const number = (name, i) => C[name][i];

  // -- numbers ----------------------------------------------------------------------------------------------
  const grouped = (v, decimals) => {
    const d = Math.max(decimals, 0), [whole, part] = Math.abs(v).toFixed(d).split(".");
    const sign = v < 0 && Number(v.toFixed(d)) !== 0 ? "\u2212" : "";
    return sign + whole.replace(/\B(?=(\d{3})+(?!\d))/g, D.marks.group) + (part ? D.marks.decimal + part : "");
  };
  const shown = (v, i) => {
    if (v == null) return "\u2013";
    const d = number("decimals", i), step = 10 ** -d;
    return grouped(d < 0 ? Math.round(v / step) * step : v, d);
  };
  const estimate = i => number("value", i) == null ? D.grades[text("grade", i)].meaning : `${shown(number("value", i), i)}${flag(i)}`;
  const flag = i => { const f = D.grades[text("grade", i)]?.symbol; return f ? "\u00a0" + f : ""; };
  const ranged = i => "least" in C && number("least", i) != null && number("most", i) > number("least", i);
  const range = i => ranged(i) ? `${shown(number("least", i), i)} ${S.to} ${shown(number("most", i), i)}` : "";
  const interval = i => number("low", i) == null ? "" : `${shown(number("low", i), i)} ${S.to} ${shown(number("high", i), i)}`;
  const group = i => [1, 2, 3].map(k => text("level" + k, i)).filter(Boolean).map(x => x.split("\t")[1]);
  const levels = i => [1, 2, 3].map(k => text("level" + k, i)).filter(Boolean).map(x => x.split("\t")[0]);
  const sentence = i => {
    const who = group(i).join(", "), ci = interval(i);
    const of = text("universe", i), where = [of && `${S.among} ${of.toLowerCase()}`, who, text("scenario", i)].filter(Boolean).join(", ");
    return `${text("indicator", i)} (${where}; ${text("wave", i)}): ${estimate(i)} ${text("unit", i)}` +
      (ci ? ` (${Math.round(100 * D.confidence)}% ${S.interval} ${ci}; n = ${grouped(number("n", i) ?? 0, 0)})` : "") + (ranged(i) ? `; ${S.range.toLowerCase()}: ${range(i)}` : "") +
      `. ${text("definition", i) || ""}. ${D.source}`;
  };

  // -- what can be chosen -------------------------------------------------------------------------------------
  const KEYS = ["indicator", "universe", "breakdown", "wave", "definition", "scenario"];
  const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  state.view ||= "dots";
  const fields = {};
  const choose = $("choose");
  const field = (name, wide) => {
    const select = say("select", { id: name, onchange: () => { state[name] = select.value; refresh(name); } });
    fields[name] = select;
    choose.append(say("label", { class: wide ? "wide" : null }, S[name], select));
  };
  KEYS.forEach(k => { if (k in C && (k !== "scenario" || C[k].names.length > 1)) field(k, k === "indicator"); });
  const find = say("input", { type: "search", id: "find", oninput: () => { state.find = find.value; draw(); } });
  find.value = state.find || "";
  choose.append(say("label", {}, S.find, find));
  const only = say("select", { id: "only", onchange: () => { state.only = only.value; draw(); } },
    say("option", { value: "" }, S.all_cells), say("option", { value: "reliable" }, S.only_reliable));
  only.value = state.only || "";
  choose.append(say("label", {}, S.reliability, only));
  choose.addEventListener("submit", e => e.preventDefault());

  const every = (name, rows) => [...new Set(rows.map(i => code(name, i)))];
  let pool = [];
  const future = () => pool.length > 0 && text("scenario", pool[0]) !== "";
  function refresh() {
    // Each choice narrows the next; a choice that no longer exists becomes the first that does.
    pool = [...Array(N).keys()];
    for (const name of KEYS) {
      const select = fields[name];
      if (!select) continue;
      let codes = every(name, pool);
      if (name === "definition" && !state.definition && codes.includes(D.headline)) codes = [D.headline, ...codes.filter(c => c !== D.headline)];
      const names = codes.map(c => C[name].names[c]);
      if (name === "wave") fields.wave.parentElement.firstChild.textContent = future() ? S.year : S.wave;
      const every_one = { wave: future() ? S.all_years : S.all_waves, scenario: S.all_scenarios }[name];
      const all = every_one && codes.length > 1 ? [["*", every_one]] : [];
      const options = [...all, ...codes.map((c, k) => [C[name].ids?.[c] ?? names[k], names[k] || (name === "scenario" ? S.survey : S.none)])];
      select.replaceChildren(...options.map(([v, t]) => say("option", { value: v }, t)));
      const first = name === "breakdown" && !future() && options.length > 1 && options[0][1] === S.none ? options[1][0]
        : name === "wave" && future() ? options[options.length - 1][0] : options[0][0];
      select.value = options.some(o => o[0] === state[name]) ? state[name] : first;
      state[name] = select.value;
      select.disabled = options.length < 2;
      if (select.value !== "*") pool = pool.filter(i => (C[name].ids?.[code(name, i)] ?? text(name, i)) === select.value);
    }
    draw();
  }

  // -- views --------------------------------------------------------------------------------------------------
  const VIEWS = ["dots", "bars", "trend", "tiles", "table"];
  const bar = $("bar"), views = say("div", { class: "views", role: "group", "aria-label": S.view });
  const buttons = Object.fromEntries(VIEWS.map(v => [v, say("button", { type: "button", onclick: () => { state.view = v; draw(); } }, S[v])]));
  views.append(...Object.values(buttons));
  const act = (label, run, extra) => say("button", { type: "button", onclick: run, class: extra }, label);
  const told = say("span", { role: "status", class: "note" });
  const tell = t => { told.textContent = t; setTimeout(() => { told.textContent = ""; }, 4000); };
  const copy = async t => { try { await navigator.clipboard.writeText(t); tell(S.copied); } catch { window.prompt(S.copy_by_hand, t); } };
  const save = (blob, name) => { const a = say("a", { href: URL.createObjectURL(blob), download: name }); a.click(); setTimeout(() => URL.revokeObjectURL(a.href), 1000); };
  bar.append(views, told, act(S.csv, csv, "push"), act(S.png, png), act(S.link, () => copy(location.href)));

  const LISTED = 500; // more rows would take a browser seconds to set
  let rows = [], order = { by: null, up: true }, whole = false;
  function draw() {
    state.view = VIEWS.includes(state.view) ? state.view : "dots";
    const wanted = (state.find || "").toLowerCase();
    rows = pool.filter(i => (!wanted || [...group(i), text("wave", i)].join(" ").toLowerCase().includes(wanted)) &&
      (state.only !== "reliable" || ["good", "caution"].includes(text("grade", i))));
    const waves = every("wave", rows).length, tiles = rows.length > 0 && rows.every(i => levels(i).some(x => x in D.tiles));
    buttons.trend.hidden = waves < 2;
    buttons.tiles.hidden = !tiles;
    const view = buttons[state.view].hidden ? "dots" : state.view;
    for (const v of VIEWS) buttons[v].setAttribute("aria-pressed", v === view);
    if (order.by) rows.sort((a, b) => { const x = order.by(a), y = order.by(b); return (x == null ? 1 : y == null ? -1 : x < y ? -1 : x > y ? 1 : 0) * (order.up ? 1 : -1); });
    const kept = Object.fromEntries(Object.entries(state).filter(([, v]) => v));
    history.replaceState(null, "", "#" + new URLSearchParams(kept));
    const i = rows[0];
    $("title").textContent = i == null ? S.nothing : `${text("indicator", i)}${state.breakdown && text("breakdown", i) !== S.none ? ", " + text("breakdown", i) : ""}`;
    $("sub").textContent = i == null ? "" : [text("unit", i), text("universe", i), text("definition", i), state.scenario === "*" ? S.all_scenarios : text("scenario", i), state.wave === "*" ? (future() ? S.all_years : S.all_waves) : text("wave", i)].filter(Boolean).join(" · ");
    $("parts").className = view === "table" || rows.some(ranged) ? "parts one" : "parts";
    $("chart").hidden = view === "table";
    $("chart").replaceChildren(...(i == null || view === "table" ? [] : [{ dots, bars, trend, tiles: tileMap }[view]()]));
    $("list").replaceChildren(...(i == null ? [say("p", { id: "empty" }, S.nothing_hint)] : [list()]));
    const grades = every("grade", rows).map(c => D.grades[C.grade.names[c]]).filter(g => g?.symbol);
    $("notes").replaceChildren(...[rows.some(ranged) ? S.range_note : "", future() ? `${S.standing}: ${[...new Set(rows.map(i => text("standing", i)))].join(", ")}.` : "", grades.map(g => `${g.symbol}: ${g.meaning}`).join("; "), ...new Set(rows.map(i => text("note", i)).filter(Boolean).slice(0, 200))].filter(Boolean).slice(0, 8)
      .map(t => say("p", { class: "note" }, t)), say("p", { class: "note" }, D.source));
  }

  function list() {
    const several = every("wave", rows).length > 1, sets = every("scenario", rows).length > 1, doubts = rows.some(ranged);
    const grouping = !sets || rows.some(i => group(i).length);
    const heads = [...(grouping ? [[S.group, "t", i => group(i).join(", ")]] : []), ...(sets ? [[S.scenario, "t", i => text("scenario", i)]] : []),
      ...(several ? [[future() ? S.year : S.wave, "t", i => text("wave", i)]] : []),
      [S.estimate, "", i => number("value", i)], [S.lower, "", i => number("low", i)], [S.upper, "", i => number("high", i)], ...(doubts ? [[S.range_from, "", i => number("least", i)], [S.range_to, "", i => number("most", i)]] : []), [S.n, "", i => number("n", i)]];
    const head = heads.map(([t, c, by], k) => say("th", { scope: "col", class: c || null, "aria-sort": order.k === k ? (order.up ? "ascending" : "descending") : null },
      say("button", { type: "button", onclick: () => { order = order.k === k ? { k, by, up: !order.up } : { k, by, up: true }; draw(); $("list").querySelectorAll("thead button")[k].focus(); } }, t)));
    const listed = whole ? rows : rows.slice(0, LISTED);
    const body = listed.map(i => say("tr", { class: text("grade", i) },
      say("th", { scope: "row" }, grouping ? group(i).join(", ") || S.everybody : text("scenario", i)),
      ...(sets && grouping ? [say("td", { class: "t" }, text("scenario", i))] : []),
      ...(several ? [say("td", { class: "t" }, text("wave", i))] : []),
      say("td", {}, say("button", { type: "button", title: S.why, "aria-label": `${label(i)}: ${estimate(i)}. ${S.why}`, onclick: () => why(i) }, estimate(i))),
      say("td", {}, number("low", i) == null ? "\u2013" : shown(number("low", i), i)), say("td", {}, number("high", i) == null ? "\u2013" : shown(number("high", i), i)),
      ...(doubts ? ["least", "most"].map(end => say("td", {}, number(end, i) == null ? "\u2013" : shown(number(end, i), i))) : []),
      say("td", {}, number("n", i) == null ? "\u2013" : grouped(number("n", i), 0))));
    const table = say("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": S.table },
      say("table", {}, say("caption", {}, $("title").textContent), say("thead", {}, say("tr", {}, ...head)), say("tbody", {}, ...body)));
    if (listed.length === rows.length) return table;
    const told = S.first_listed.replace("{n}", grouped(listed.length, 0)).replace("{all}", grouped(rows.length, 0));
    return say("div", {}, table, say("p", { class: "note" }, told + " ", act(S.list_all, () => { whole = true; draw(); whole = false; })));
  }

  // -- drawing: text nodes only, so that a label is never markup --------------------------------------------------
  const NS = "http://www.w3.org/2000/svg";
  const el = (tag, attributes, ...inside) => {
    const made = document.createElementNS(NS, tag);
    for (const [k, v] of Object.entries(attributes || {})) if (v != null) made.setAttribute(k, v);
    made.append(...inside);
    return made;
  };
  const colour = i => { for (const x of levels(i).reverse()) if (D.colours[x]) return D.colours[x]; return D.colours[text("indicator_id", i)] || "#1f5a8a"; };
  const soft = i => text("grade", i) === "unreliable";
  const cut = Intl.Segmenter ? new Intl.Segmenter(document.documentElement.lang || "en", { granularity: "grapheme" }) : null;
  const letters = t => cut ? [...cut.segment(t)].map(x => x.segment) : [...t]; // a letter with the marks on it is one
  const short = (t, n) => letters(t).length > n ? letters(t).slice(0, n - 1).join("") + "\u2026" : t;
  const label = i => [...group(i), ...(state.scenario === "*" ? [text("scenario", i)] : []), ...(state.wave === "*" ? [text("wave", i)] : [])].join(", ") || S.everybody;
  const nice = (low, high) => {
    const span = high - low || 1, raw = span / 5, p = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(k => k * p).find(s => s >= raw);
    const from = Math.floor(low / step) * step, ticks = [];
    for (let v = from; v < high + step * 0.999; v += step) ticks.push(Number(v.toPrecision(10)));
    return ticks;
  };
  const scale = drawn => {
    const all = drawn.flatMap(i => [number("value", i), number("low", i), number("high", i), ...(ranged(i) ? [number("least", i), number("most", i)] : [])]).filter(v => v != null);
    const ticks = nice(all.reduce((a, b) => Math.min(a, b), 0), all.reduce((a, b) => Math.max(a, b), 1e-9));
    return { ticks, from: ticks[0], to: ticks[ticks.length - 1] };
  };
  function horizontal(mark) {
    const drawn = rows.slice(0, 60), known = drawn.filter(i => number("value", i) != null), H = 24, long = Math.min(Math.max(0, ...drawn.map(i => letters(label(i)).length)), 44), L = Math.max(190, 6.2 * long), W = 370 + L, R = 74, top = 6;
    if (!known.length) return say("p", { class: "note" }, S.nothing_to_draw);
    const { ticks, from, to } = scale(known), x = v => L + (W - L - R) * (v - from) / (to - from), height = top + drawn.length * H + 30;
    const svg = el("svg", { viewBox: `0 0 ${W} ${height}`, role: "img", fill: "#1d2329", "font-size": 12, "aria-label": `${$("title").textContent}. ${S.chart_same}` });
    for (const t of ticks) svg.append(el("line", { x1: x(t), x2: x(t), y1: top, y2: height - 26, stroke: t === 0 ? "#55606b" : "#e3e7eb" }), el("text", { x: x(t), y: height - 10, "text-anchor": "middle", fill: "#55606b", "font-size": 11 }, grouped(t, Math.max(0, -Math.floor(Math.log10(ticks[1] - ticks[0]))))));
    drawn.forEach((i, k) => {
      const y = top + k * H + H / 2, v = number("value", i);
      const name = el("text", { x: L - 8, y: y + 4, "text-anchor": "end" }, short(label(i), Math.max(28, long)));
      name.append(el("title", {}, label(i)));
      svg.append(name);
      if (v == null) { svg.append(el("text", { x: L + 4, y: y + 4, fill: "#55606b", "font-style": "italic", "font-size": 11 }, short(estimate(i), 44))); return; }
      mark(svg, i, x, y, v, x(Math.max(from, 0)));
      svg.append(el("text", { x: Math.max(x(number("high", i) ?? v), x(v), ranged(i) ? x(number("most", i)) : 0) + 7, y: y + 4, "font-size": 11 }, estimate(i)));
    });
    if (rows.length > drawn.length) return say("div", {}, svg, say("p", { class: "note" }, S.first_drawn.replace("{n}", drawn.length)));
    return svg;
  }
  const whisker = (svg, i, x, y, ink) => {
    if (ranged(i)) svg.append(el("line", { x1: x(number("least", i)), x2: x(number("most", i)), y1: y, y2: y, stroke: ink, "stroke-width": 9, opacity: 0.25 }));
    if (number("low", i) != null) svg.append(el("line", { x1: x(number("low", i)), x2: x(number("high", i)), y1: y, y2: y, stroke: ink, "stroke-width": 2, "stroke-dasharray": soft(i) ? "3 3" : null }));
  };
  const dots = () => horizontal((svg, i, x, y, v) => { whisker(svg, i, x, y, colour(i)); svg.append(el("circle", { cx: x(v), cy: y, r: 5, fill: soft(i) ? "#fff" : colour(i), stroke: colour(i), "stroke-width": 2 })); });
  const bars = () => horizontal((svg, i, x, y, v, zero) => {
    svg.append(el("rect", { x: Math.min(zero, x(v)), y: y - 7, width: Math.abs(x(v) - zero), height: 14, fill: soft(i) ? "#fff" : colour(i), stroke: colour(i), "stroke-dasharray": soft(i) ? "3 3" : null }));
    whisker(svg, i, x, y, "#1d2329");
  });
  function trend() {
    const here = new Set(every("wave", rows)), waves = C.wave.names.filter((w, k) => here.has(k)), series = new Map();
    if (future()) waves.sort();
    for (const i of rows) { const k = [...group(i), ...(state.scenario === "*" ? [text("scenario", i)] : [])].join(", "); series.set(k, [...(series.get(k) || []), i]); }
    const known = rows.filter(i => number("value", i) != null), SERIES = 12, long = Math.min(Math.max(0, ...[...series.keys()].map(k => letters(k).length)), 40);
    const R = Math.max(150, 6.6 * long), W = 410 + R, H = Math.max(330, 15 * Math.min(series.size, SERIES) + 70), L = 50, top = 10, bottom = 34;
    if (!known.length) return say("p", { class: "note" }, S.nothing_to_draw);
    const { ticks, from, to } = scale(known), y = v => H - bottom - (H - top - bottom) * (v - from) / (to - from);
    const x = w => L + (W - L - R) * (waves.length > 1 ? waves.indexOf(w) / (waves.length - 1) : 0.5);
    const svg = el("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", fill: "#1d2329", "font-size": 12, "aria-label": `${$("title").textContent}. ${S.chart_same}` });
    for (const t of ticks) svg.append(el("line", { x1: L, x2: W - R, y1: y(t), y2: y(t), stroke: "#e3e7eb" }), el("text", { x: L - 6, y: y(t) + 4, "text-anchor": "end", "font-size": 11, fill: "#55606b" }, grouped(t, Math.max(0, -Math.floor(Math.log10(ticks[1] - ticks[0]))))));
    waves.forEach(w => svg.append(el("text", { x: x(w), y: H - 12, "text-anchor": "middle", "font-size": 11 }, w)));
    const spare = ["#1f5a8a", "#b5541c", "#6f7536", "#7b3f8c", "#1c756b", "#3d4a57", "#8a6d00"], ends = [];
    [...series.entries()].slice(0, SERIES).forEach(([name, items], k) => {
      const ink = levels(items[0]).map(l => D.colours[l]).find(Boolean) || spare[k % spare.length];
      const at = items.filter(i => number("value", i) != null).sort((a, b) => waves.indexOf(text("wave", a)) - waves.indexOf(text("wave", b)));
      at.forEach((i, j) => {
        const before = at[j - 1];
        if (before != null && !D.breaks.includes(`${text("wave", before)}|${text("wave", i)}`)) svg.append(el("line", { x1: x(text("wave", before)), y1: y(number("value", before)), x2: x(text("wave", i)), y2: y(number("value", i)), stroke: ink, "stroke-width": 1.5 }));
        if (ranged(i) && series.size < 4) svg.append(el("line", { x1: x(text("wave", i)), x2: x(text("wave", i)), y1: y(number("least", i)), y2: y(number("most", i)), stroke: ink, "stroke-width": 9, opacity: 0.25 }));
        if (number("low", i) != null) svg.append(el("line", { x1: x(text("wave", i)), x2: x(text("wave", i)), y1: y(number("low", i)), y2: y(number("high", i)), stroke: ink, "stroke-width": 2 }));
        svg.append(el("circle", { cx: x(text("wave", i)), cy: y(number("value", i)), r: 4.5, fill: soft(i) ? "#fff" : ink, stroke: ink, "stroke-width": 2 }));
      });
      if (at.length) ends.push([y(number("value", at[at.length - 1])), name || S.everybody, ink]);
    });
    ends.sort((a, b) => a[0] - b[0]).forEach(([h], k, all) => { if (k && h < all[k - 1][0] + 15) all[k][0] = all[k - 1][0] + 15; });
    const over = ends.length ? Math.max(0, ends[ends.length - 1][0] - (H - bottom)) : 0; // pushed out below: back up, as far as labels press on each other
    for (let k = ends.length - 1, room = H - bottom; over && k >= 0 && ends[k][0] > room; k--, room -= 15) ends[k][0] = room;
    ends.forEach(([h, name, ink]) => { const said = el("text", { x: W - R + 12, y: h + 4, fill: ink }, short(name, Math.max(20, long))); said.append(el("title", {}, name)); svg.append(said); });
    if (series.size > SERIES) return say("div", {}, svg, say("p", { class: "note" }, S.first_drawn.replace("{n}", SERIES)));
    return svg;
  }
  function tileMap() {
    const at = rows.map(i => [i, levels(i).map(l => D.tiles[l]).find(Boolean)]), Z = 84, G = 6;
    const W = (Math.max(...at.map(a => a[1][0])) + 1) * (Z + G), H = (Math.max(...at.map(a => a[1][1])) + 1) * (Z + G);
    const known = rows.filter(i => number("value", i) != null).map(i => number("value", i)), low = Math.min(...known), high = Math.max(...known);
    const svg = el("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", fill: "#1d2329", "font-size": 11, "aria-label": `${$("title").textContent}. ${S.chart_same}` });
    for (const [i, [cx, cy, name]] of at) {
      const v = number("value", i), t = v == null ? 0 : (v - low) / (high - low || 1);
      const mix = (a, b) => Math.round(a + (b - a) * t), fill = v == null ? "#fff" : `rgb(${mix(247, 168)},${mix(226, 72)},${mix(210, 15)})`;
      const ink = v != null && t > 0.6 ? "#fff" : "#1d2329", X = cx * (Z + G), Y = cy * (Z + G);
      const tile = el("g", {}, el("rect", { x: X + 1, y: Y + 1, width: Z, height: Z, rx: 5, fill, stroke: "#8a6a55", "stroke-dasharray": v == null || soft(i) ? "4 3" : null }),
        el("text", { x: X + Z / 2 + 1, y: Y + 20, "text-anchor": "middle", fill: ink }, short(name, 13)),
        el("text", { x: X + Z / 2 + 1, y: Y + 46, "text-anchor": "middle", "font-size": 17, "font-weight": 700, fill: ink }, v == null ? "\u2013" : estimate(i)),
        el("text", { x: X + Z / 2 + 1, y: Y + 66, "text-anchor": "middle", "font-size": 9.5, fill: ink }, interval(i)), el("title", {}, `${label(i)}: ${estimate(i)}`));
      svg.append(tile);
    }
    return svg;
  }

  // -- one number, and where it comes from ------------------------------------------------------------------------
  function why(i) {
    const box = $("why"), d = D.definitions[text("definition_id", i)], grade = D.grades[text("grade", i)];
    const p = (t, c) => say("p", c ? { class: c } : {}, t);
    const steps = d ? Object.entries(Object.groupBy ? Object.groupBy(d.rules, r => r[0]) : d.rules.reduce((o, r) => { (o[r[0]] ||= []).push(r); return o; }, {})) : [];
    box.replaceChildren(
      say("button", { type: "button", class: "close", onclick: () => box.close(), "aria-label": S.close }, "\u00d7"),
      say("h2", { id: "why-title" }, `${text("indicator", i)}: ${[...group(i), text("scenario", i)].filter(Boolean).join(", ") || S.everybody}`),
      p(`${estimate(i)} ${number("value", i) == null ? "" : text("unit", i)}`, "figure-big"),
      p(interval(i) ? `${Math.round(100 * D.confidence)}% ${S.interval} ${interval(i)}; ${S.n} ${number("n", i) == null ? "\u2013" : grouped(number("n", i), 0)}` : ""),
      ...(ranged(i) ? [p(`${S.range}: ${range(i)}`), p(`${S.standing}: ${text("standing", i)}`)] : []),
      p(`${S.reliability}: ${grade?.meaning || ""}${text("note", i) ? ". " + text("note", i) : ""}`),
      p(`${S.universe}: ${text("universe", i) || S.everybody}. ${text("scenario", i) ? `${S.scenario}: ${text("scenario", i)}. ${S.year}` : S.wave}: ${text("wave", i)}. ${D.source}`),
      act(S.sentence, () => copy(sentence(i))),
      ...(d ? [say("h3", {}, d.title), p(d.summary), p(d.sources.join("; "), "note"),
        ...steps.map(([step, rules]) => say("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": step }, say("h3", {}, step), say("table", {},
          say("thead", {}, say("tr", {}, ...[S.rule, S.outcome, S.reason, S.n, S.share].map((h, k) => say("th", { scope: "col", class: k < 3 ? "t" : null }, h)))),
          say("tbody", {}, ...rules.map(r => say("tr", {}, say("th", { scope: "row" }, String(r[1])), say("td", { class: "t" }, r[2]), say("td", { class: "t" }, r[3] + (r[4] ? ` (${S.assumed})` : "")), say("td", {}, r[5] == null ? "\u2013" : grouped(r[5], 0)), say("td", {}, r[6] == null ? "\u2013" : grouped(100 * r[6], 1) + "%")))))))] : []));
    box.showModal();
    box.scrollTop = 0;
  }

  // -- taking away ----------------------------------------------------------------------------------------------
  function csv() {
    // A cell that a spreadsheet would run as a formula is led in by an apostrophe.
    const cell = v => { v = v == null ? "" : String(v); if (typeof v === "string" && /^[=+\-@\t]/.test(v) && isNaN(v)) v = "'" + v; return /[",\n\r]/.test(v) ? '"' + v.replace(/"/g, '""') + '"' : v; };
    const lines = [["indicator", "universe", "definition", "wave", "scenario", "group", "value", "lower", "upper", "assumptions_from", "assumptions_to", "unit", "n", "flag", "reliability", "note", "source"],
      ...rows.map(i => [text("indicator", i), text("universe", i), text("definition", i), text("wave", i), text("scenario", i), group(i).join(", ") || S.everybody, number("value", i), number("low", i), number("high", i), ranged(i) ? number("least", i) : null, ranged(i) ? number("most", i) : null, text("unit", i), number("n", i), D.grades[text("grade", i)]?.symbol, D.grades[text("grade", i)]?.meaning, text("note", i), D.source])];
    save(new Blob(["\ufeff" + lines.map(l => l.map(cell).join(",")).join("\r\n") + "\r\n"], { type: "text/csv;charset=utf-8" }), "informality.csv");
  }
  function png() {
    const svg = $("chart").querySelector("svg");
    if (!svg) { tell(S.no_picture); return; }
    const drawn = svg.cloneNode(true), [, , w, h] = svg.getAttribute("viewBox").split(" ").map(Number), room = 64, family = getComputedStyle(document.body).fontFamily;
    const out = el("svg", { xmlns: NS, width: w * 2, height: (h + room + 24) * 2, viewBox: `0 0 ${w} ${h + room + 24}`, "font-family": family.replace(/"/g, "'"), fill: "#1d2329" },
      el("rect", { width: "100%", height: "100%", fill: "#fff" }), el("text", { x: 10, y: 24, "font-size": 15, "font-weight": 700 }, short($("title").textContent, 66)), el("text", { x: 10, y: 44, "font-size": 10.5, fill: "#55606b" }, short($("sub").textContent, 100)), el("text", { x: 10, y: h + room + 14, "font-size": 9, fill: "#55606b" }, short(D.source, 120)));
    drawn.setAttribute("y", room - 8); drawn.setAttribute("width", w); drawn.setAttribute("height", h);
    out.append(drawn);
    const image = new Image();
    image.onload = () => { const c = say("canvas", { width: w * 2, height: (h + room + 24) * 2 }); c.getContext("2d").drawImage(image, 0, 0); c.toBlob(b => save(b, "informality.png")); };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(out));
  }
  window.addEventListener("hashchange", () => { const now = Object.fromEntries(new URLSearchParams(location.hash.slice(1))); for (const k of Object.keys(state)) delete state[k]; Object.assign(state, now); find.value = state.find || ""; only.value = state.only || ""; refresh(); });
  refresh();
  document.documentElement.dataset.ready = Math.round(performance.now());
})();
