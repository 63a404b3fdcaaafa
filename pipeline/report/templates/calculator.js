// The page computes: fields, tables and the chart of the calculator. Its formulas are in `pricing.js`.

const SVG = ["http:", "//www.w3.org/2000/svg"].join(""); // a name, not an address: a page has none of those
const CALCULATOR = document.getElementById("calculator");
const MULTIPLES = upTo(96).map((step) => (step <= 32 ? new Fraction(BigInt(step), 16n) : new Fraction(BigInt(step - 24), 4n)))
  .filter((times) => times.compare(whole(8)) <= 0).slice(1);
const NAMED = ["1/8", "1/4", "1/2", "3/4", "1", "3/2", "2", "3", "4", "6", "8"].map(fraction);
const ANNOUNCED_AFTER_MS = 500;
const WIDTH = 520, HEIGHT = 300, LEFT = 62, RIGHT = 12, TOP = 30, BOTTOM = 46, LONG_LABEL = 8;
const COLOURS = 5, DASHES = ["", "9 4", "2 4", "9 4 2 4", "14 5"];

function start(root) {
  const data = JSON.parse(document.getElementById("calculator-data").textContent), say = data.labels;
  const stated = new Map(Object.entries(data.values).map(([name, text]) => [name, fraction(text)]));
  const rate = fraction(data.per_usd);
  const inputs = new Map([...root.querySelectorAll("input")].map((input) => [input.name, input]));
  const fields = data.fields.map((rules) => {
    const input = inputs.get(rules.name);
    return { ...rules, input, scale: fraction(rules.scale), before: parsed(input.defaultValue, say) };
  });
  let announcement = 0;

  // The number in a field as the model has it; null where it is none, which the field then says.
  function read(field) {
    const { input } = field, entered = parsed(input.value, say), same = isStated(field, entered);
    const fault = same ? "" : faultOf(field, entered);
    input.setAttribute("aria-invalid", String(Boolean(fault)));
    input.parentElement.querySelector(".error").textContent = fault;
    if (fault) return null;
    if (!same) return entered.over(field.scale);
    return field.name === "years" ? whole(data.years) : stated.get(field.name);
  }

  // What a field shows may be rounded: left alone, or typed again, it stands for the report's exact number.
  function isStated({ before }, entered) { return entered !== null && entered.compare(before) === 0; }

  function faultOf(field, entered) {
    if (!entered) return filled(say.not_a_number, { example: printed(fraction("1234.5"), 1, say) });
    const [low, high] = [field.low, field.high].map(([exact]) => fraction(exact));
    if (entered.compare(low) < 0 || entered.compare(high) > 0) {
      return filled(say.out_of_bounds, { low: field.low[1], high: field.high[1] });
    }
    return field.whole && entered.denominator !== 1n ? say.not_whole : "";
  }

  function update() {
    const values = new Map(stated), numbers = fields.map(read), wrong = fields.filter((_, place) => !numbers[place]);
    const changed = fields.filter((field) => !isStated(field, parsed(field.input.value, say)));
    root.querySelector(".reset").disabled = !changed.length;
    if (wrong.length) {
      announce(filled(say.invalid, { inputs: wrong.map(({ title }) => title).join("; ") }));
      return;
    }
    let years = data.years;
    fields.forEach(({ name }, place) => {
      if (name === "years") years = Number(numbers[place].numerator);
      else values.set(name, numbers[place]);
    });
    const model = { years, values, options: data.options, pairs: data.pairs };
    try {
      const found = evaluate(model);
      draw(model);
      show(found, changed.length > 0);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      announce(say.failed);
      return;
    }
    if (changed.length) announce(filled(say.changed, { inputs: changed.map(changeOf).join("; ") }));
    else if (root.querySelector(".state").textContent) announce(say.unchanged);
  }

  function changeOf({ title, input }) {
    return filled(say.change, { input: title, before: input.defaultValue, after: input.value.trim() });
  }

  // Said when typing pauses: a screen reader reads it all.
  function announce(text) {
    const state = root.querySelector(".state");
    clearTimeout(announcement);
    announcement = setTimeout(() => { if (state.textContent !== text) state.textContent = text; }, ANNOUNCED_AFTER_MS);
  }

  function show(found, changed) {
    root.classList.toggle("changed", changed);
    for (const label of root.querySelectorAll(".tag-yours")) label.hidden = !changed;
    fill("options", found.options, data.option_places, changed);
    fill("pairs", found.pairs, data.pair_places, changed);
  }

  function fill(kind, rows, places, changed) {
    const lines = root.querySelectorAll(`table[data-kind="${kind}"] tbody tr`);
    rows.forEach((row, line) => Object.entries(places).forEach(([name, digits], column) => {
      write(lines[line].querySelectorAll("td")[column], text(name, row[name], digits), changed);
    }));
  }

  function text(name, number, places) {
    if (number === null) {
      return { payback_months: say.no_payback, break_even_requests_per_day: say.no_break_even }[name] ?? data.none;
    }
    const scale = data.money.includes(name) ? rate : whole(name === "idle_share" ? 100 : 1);
    return printed(number.times(scale), places, say);
  }

  // The reader's figure stands above the report's, which stays: it is the one that is printed on paper.
  function write(cell, figure, changed) {
    const before = cell.querySelector(".stated");
    cell.querySelector(".yours")?.remove();
    before.dataset.label = `${say.reported} `;
    cell.classList.toggle("differs", changed && figure !== before.textContent);
    if (changed) cell.prepend(element("span", { class: "yours" }, figure));
  }

  function draw(model) {
    const box = root.querySelector(".curve"), lines = curves(model, MULTIPLES);
    box.hidden = !lines.some(Boolean);
    if (box.hidden) return;
    const load = valueOf(model.values, "load.requests_per_day");
    const shown = lines.map((line, place) => ({ line, place, title: data.titles[place] })).filter(({ line }) => line);
    const drawing = box.querySelector(".drawing");
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", `${say.chart}. ${say.chart_alternative}`);
    drawing.replaceChildren(chartOf(shown, load));
    box.querySelector(".key").replaceChildren(...shown.map(({ place, title }) => {
      const key = drawn("svg", { viewBox: "0 0 34 10", class: "swatch", "aria-hidden": "true", focusable: "false" });
      key.append(drawn("path", { d: "M1 5H33", ...styleOf(place) }));
      const entry = element("span", { class: "entry" });
      entry.append(key, title);
      return entry;
    }));
    tabulate(box.querySelector("table"), curves(model, NAMED), shown, load);
  }

  function tabulate(table, lines, shown, load) {
    const head = element("tr", {});
    head.append(element("th", { scope: "col", class: "num" }, say.chart_x));
    for (const { title } of shown) head.append(element("th", { scope: "col", class: "num" }, title));
    table.tHead.replaceChildren(head);
    table.tBodies[0].replaceChildren(...NAMED.map((times, row) => {
      const line = element("tr", {});
      line.append(element("th", { scope: "row", class: "num" }, printed(load.times(times), 0, say)));
      for (const { place } of shown) {
        line.append(element("td", { class: "num" }, text("per_mtok", lines[place][row], data.option_places.per_mtok)));
      }
      return line;
    }));
  }

  function chartOf(shown, load) {
    const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", focusable: "false" });
    const costs = shown.map(({ line }) => line.map((cost) => cost.times(rate).approximate));
    const above = costs.flat().filter((cost) => cost > 0), ticks = ticksOf(Math.min(...above), Math.max(...above));
    const [low, high] = [ticks[0], ticks.at(-1)].map(([tick]) => Math.log10(tick));
    const xOf = (times) => LEFT + (WIDTH - LEFT - RIGHT) * (Math.log2(times) + 3) / 6;
    const yOf = (cost) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (Math.log10(cost) - low) / (high - low);
    svg.append(drawn("text", { x: 4, y: 14, class: "title" }, filled(say.chart_y, { currency: data.currency })));
    for (const [tick, text, places] of ticks) {
      svg.append(drawn("path", { d: `M${LEFT} ${yOf(tick)}H${WIDTH - RIGHT}`, class: "grid" }));
      const label = printed(fraction(text), places, say);
      svg.append(drawn("text", { x: LEFT - 8, y: yOf(tick) + 5, class: "tick", "text-anchor": "end" }, label));
    }
    const crowded = printed(load, 0, say).length >= LONG_LABEL;
    for (const times of (crowded ? ["1/8", "1", "8"] : ["1/8", "1/2", "1", "2", "8"]).map(fraction)) {
      const x = xOf(times.approximate), anchor = x > WIDTH - RIGHT - 1 ? "end" : "middle";
      const label = printed(load.times(times), 0, say);
      svg.append(drawn("text", { x, y: HEIGHT - BOTTOM + 20, class: "tick", "text-anchor": anchor }, label));
    }
    svg.append(drawn("path", { d: `M${xOf(1)} ${TOP}V${HEIGHT - BOTTOM}`, class: "here" }));
    svg.append(drawn("text", { x: WIDTH - RIGHT, y: HEIGHT - 6, class: "title", "text-anchor": "end" }, say.chart_x));
    shown.forEach(({ place }, row) => {
      const points = costs[row].flatMap((cost, at) => (cost > 0
        ? [`${xOf(MULTIPLES[at].approximate).toFixed(1)} ${yOf(cost).toFixed(1)}`] : []));
      if (!points.length) return;
      svg.append(drawn("path", { d: `M${points.join("L")}`, ...styleOf(place) }));
    });
    return svg;
  }

  root.querySelector("form").hidden = false;
  root.addEventListener("input", update);
  root.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  root.querySelector(".reset").addEventListener("click", () => {
    for (const { input } of fields) input.value = input.defaultValue;
    update();
    fields[0].input.focus();
  });
  update();
}

function filled(label, words) { return label.replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole); }

// Lines differ in their dashes as well as in their colour, up to the square of their number.
function styleOf(place) {
  const dashes = DASHES[(place + Math.floor(place / COLOURS)) % DASHES.length];
  return { class: `line line-${place % COLOURS}`, "stroke-dasharray": dashes };
}

// 1, 2 and 5 of every power of ten around a range, or the powers alone where these are many: number, text, places.
function ticksOf(least, most) {
  if (!(least < Infinity)) return ticksOf(1, 10);
  const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most) + 1e-9)];
  const steps = to - from > 3 ? [1] : [1, 2, 5], all = [];
  for (let power = from; power <= to; power += 1) for (const step of steps) all.push([step, power]);
  const first = all.findLastIndex(([step, power]) => step * 10 ** power <= least * 1.0001);
  const last = all.findIndex(([step, power]) => step * 10 ** power >= most * 0.9999);
  return all.slice(Math.max(0, first), Math.max(first + 2, last + 1)).map(([step, power]) => {
    const places = Math.max(0, -power);
    return [step * 10 ** power, (step * 10 ** power).toFixed(places), places];
  });
}

function element(name, attributes, content = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = content;
  return made;
}

function drawn(name, attributes, content = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== "") made.setAttribute(key, value);
  made.textContent = content;
  return made;
}

if (CALCULATOR) start(CALCULATOR);
