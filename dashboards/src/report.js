// Draws what the searches of the dashboards answered. Everything from the logs goes into the page as text, never as
// markup: attackers write names of users, buckets and sessions.
"use strict";

let errors = 0;
const tell = console.error;
console.error = (...what) => { errors += 1; tell(...what); };
window.addEventListener("error", () => { errors += 1; });

const dashboards = JSON.parse(document.getElementById("data").textContent);
const TIME = /^\d{4}-\d\d-\d\dT/;

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function shown(value) {
  if (value === null || value === undefined) return "-";
  if (typeof value === "number") return value.toLocaleString("en", { maximumFractionDigits: 1 });
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (typeof value === "object") return JSON.stringify(value);
  return TIME.test(value) ? value.slice(0, 19).replace("T", " ") : String(value);
}

// Names are shown as they are: a port has no thousands.
function name(value) {
  return typeof value === "number" ? String(value) : shown(value);
}

function size(value) {
  const units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];
  const at = value > 0 ? Math.min(Math.floor(Math.log(value) / Math.log(1024)), units.length - 1) : 0;
  return (value / 1024 ** at).toLocaleString("en", { maximumFractionDigits: 1 }) + " " + units[at];
}

// A number of a panel, by the name of its column.
function figure(panel, column, value) {
  return panel.bytes.includes(column) && typeof value === "number" ? size(value) : shown(value);
}

function table(panel) {
  const made = element("table"), head = element("tr"), isNumber = [];
  panel.columns.forEach((name, at) => {
    isNumber[at] = at >= panel.groups && panel.rows.some((row) => typeof row[at] === "number");
    head.append(element("th", name, isNumber[at] ? "number" : ""));
  });
  made.append(head);
  for (const row of panel.rows) {
    const line = element("tr");
    row.forEach((value, at) => {
      const cell = element("td", undefined, isNumber[at] ? "number" : "");
      if (typeof value === "string" && value.startsWith("https://")) {
        const link = element("a", "open");
        link.href = value;
        link.rel = "noreferrer";
        cell.append(link);
      } else cell.textContent = at < panel.groups ? name(value) : figure(panel, panel.columns[at], value);
      line.append(cell);
    });
    made.append(line);
  }
  return made;
}

function numbers(panel) {
  const made = element("div", undefined, "numbers");
  for (const row of panel.rows) {
    const names = row.slice(0, panel.groups).map(shown);
    row.slice(panel.groups).forEach((value, at) => {
      const one = element("div");
      const label = panel.columns[panel.groups + at];
      one.append(element("b", figure(panel, label, value)), element("span", [...names, label].join(" · ")));
      made.append(one);
    });
  }
  return made;
}

// The rows as series: the first group is the axis, the others and the number's name are the series.
function series(panel) {
  const axis = [...new Set(panel.rows.map((row) => row[0]))];
  const place = new Map(axis.map((key, at) => [key, at]));
  const all = new Map();
  for (const row of panel.rows) {
    row.slice(panel.groups).forEach((value, at) => {
      const groups = row.slice(1, panel.groups).map(name);
      const label = panel.columns[panel.groups + at];
      const series = (panel.columns.length - panel.groups > 1 || !groups.length ? [...groups, label] : groups).join(" · ");
      if (!all.has(series)) all.set(series, new Array(axis.length).fill(panel.type === "line" ? null : 0));
      all.get(series)[place.get(row[0])] = typeof value === "string" ? Number(value) : value;
    });
  }
  return { axis: axis.map(name), all: [...all] };
}

function colour(panel, series) {
  return panel.colours && panel.colours[series] ? { color: panel.colours[series] } : undefined;
}

function options(panel) {
  const text = { textStyle: { fontSize: 11 } };
  if (panel.type === "pie") {
    const data = panel.rows.map((row) => ({ name: name(row[0]), value: row[panel.groups], itemStyle: colour(panel, row[0]) }));
    return { tooltip: {}, series: [{ type: "pie", radius: ["35%", "65%"], data, label: { fontSize: 10 } }] };
  }
  if (panel.type === "heatmap") {
    const x = [...new Set(panel.rows.map((row) => shown(row[0])))], y = [...new Set(panel.rows.map((row) => shown(row[1])))];
    const data = panel.rows.map((row) => [x.indexOf(shown(row[0])), y.indexOf(shown(row[1])), row[2]]);
    const most = Math.max(...data.map((one) => one[2]));
    return {
      tooltip: {}, grid: { left: 110, right: 20, top: 10, bottom: 60 }, xAxis: { type: "category", data: x },
      yAxis: { type: "category", data: y }, series: [{ type: "heatmap", data, label: { show: true } }],
      visualMap: { min: 0, max: most, orient: "horizontal", left: "center", bottom: 0, inRange: { color: ["#fff0f0", "#bd271e"] } },
    };
  }
  const { axis, all } = series(panel);
  const lying = panel.type === "horizontal_bar", line = panel.type === "line" || panel.type === "area";
  const names = { type: "category", data: axis, inverse: lying, axisLabel: { fontSize: 10 } };
  const formatter = panel.bytes.length ? size : undefined;
  const values = { type: "value", axisLabel: { fontSize: 10, formatter } };
  return {
    tooltip: { trigger: "axis" }, legend: { type: "scroll", top: 0, itemHeight: 8, ...text },
    grid: { left: lying ? 120 : 60, right: 20, top: 30, bottom: 24 },
    xAxis: lying ? values : names, yAxis: lying ? names : values,
    series: all.map(([series, data]) => ({
      name: series, data, itemStyle: colour(panel, series), type: line ? "line" : "bar", stack: panel.type === "line" ? undefined : "all",
      areaStyle: panel.type === "area" ? {} : undefined, symbolSize: 5,
    })),
  };
}

function markdown(text) {
  const made = element("div");
  for (const paragraph of text.split("\n\n")) made.append(element("p", paragraph.replace(/\[([^\]]+)\]\([^)]*\)|[*`]/g, "$1")));
  return made;
}

function lists(panel) {
  const made = element("div");
  for (const list of panel.lists) {
    const one = element("label", list.label + " ", "list"), select = element("select");
    for (const value of ["all", ...list.values]) select.append(element("option", shown(value)));
    select.disabled = true;
    one.append(select);
    made.append(one);
  }
  return made;
}

function draw(panel, place) {
  const { x, y, w, h } = panel.grid;
  const made = element("section", undefined, "panel"), body = element("div", undefined, "body");
  made.id = panel.id;
  made.style.gridColumn = `${x + 1} / span ${w}`;
  made.style.gridRow = `${y + 1} / span ${h}`;
  made.title = panel.question;
  made.append(element("h2", panel.title), body);
  place.append(made);
  const chart = !["table", "search", "metric", "markdown", "input_control_vis"].includes(panel.type);
  if (panel.type === "markdown") body.append(markdown(panel.markdown));
  else if (panel.type === "input_control_vis") body.append(lists(panel));
  else if (!panel.rows.length) body.append(element("p", "no results", "none"));
  else if (panel.type === "metric") body.append(numbers(panel));
  else if (chart) {
    const drawn = echarts.init(body, null, { renderer: "canvas" });
    drawn.setOption({ animation: false, ...options(panel) });
  } else body.append(table(panel));
  made.dataset.state = panel.rows && !panel.rows.length ? "empty" : "drawn";
}

// Whether anything was painted on a chart: a test asks.
function painted(section) {
  const canvas = section.querySelector("canvas");
  if (!canvas) return;
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  section.dataset.painted = pixels.some((byte) => byte !== 0);
}

// One dashboard, or all of them for `#all`.
function show(id) {
  const shown = id === "all" ? dashboards : [dashboards.find((one) => one.id === id) || dashboards[0]];
  const main = document.getElementById("main");
  main.replaceChildren();
  for (const dashboard of shown) {
    const grid = element("div", undefined, "grid");
    main.append(element("p", dashboard.description), grid);
    for (const panel of dashboard.panels) draw(panel, grid);
  }
  for (const button of document.querySelectorAll("nav button")) {
    button.setAttribute("aria-current", button.dataset.id === shown[0].id);
  }
  if (id === "all") document.querySelectorAll("section").forEach(painted);
  document.body.dataset.errors = errors;
}

for (const { id, title } of dashboards) {
  const button = element("button", title.replace("siem-loader: ", ""));
  button.dataset.id = id;
  button.onclick = () => { location.hash = id; };
  document.getElementById("nav").append(button);
}
window.onhashchange = () => show(location.hash.slice(1));
show(location.hash.slice(1));
