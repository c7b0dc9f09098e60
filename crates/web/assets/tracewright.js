// What makes the pages live. Everything here is a comfort: without it every page still answers.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("live");
  var all = function (selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); };

  // Times: to the zone of this browser, named once in the foot and in column heads.
  // English names for zones differ by country; the first that has a name and no bare offset is taken. The name changes with the season.
  var names = ["en-GB", "en-US", "en-AU", "en-CA", "en-IN", "en-ZA"].map(function (language) { return new Intl.DateTimeFormat(language, { timeZoneName: "short" }); });
  function zoneAt(at) {
    var said = names.map(function (name) {
      return (name.formatToParts(at).filter(function (part) { return part.type === "timeZoneName"; })[0] || {}).value || "UTC";
    });
    return said.filter(function (name) { return !/^GMT[+-]/.test(name); })[0] || said[0];
  }
  var zone = zoneAt(new Date()), zones = {};
  function zoneOf(at) {
    var hour = Math.floor(at / 3600000);
    return zones[hour] || (zones[hour] = zoneAt(at));
  }
  var two = function (number) { return (number < 10 ? "0" : "") + number; };
  function localTimes(within) {
    all("time[datetime]:not([data-local])", within).forEach(function (element) {
      var at = new Date(element.getAttribute("datetime"));
      if (isNaN(at)) { return; }
      var day = at.getFullYear() + "-" + two(at.getMonth() + 1) + "-" + two(at.getDate());
      var clock = two(at.getHours()) + ":" + two(at.getMinutes()) + ":" + two(at.getSeconds());
      element.title = element.textContent;
      // A column's head names the zone; a time of the other season names its own.
      var own = zoneOf(at), headed = element.closest("table, .story");
      element.textContent = day + " " + clock + (headed && own === zone ? "" : " " + own);
      element.setAttribute("data-local", "");
    });
    all(".zone", within).forEach(function (element) { element.textContent = zone; });
  }

  // The scan box: `/` goes there, Escape leaves, and what is in it is replaced by the next scan.
  var scan = document.querySelector(".scan input");
  addEventListener("keydown", function (event) {
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      scan.focus();
      scan.select();
    } else if (event.key === "Escape" && typing) {
      event.target.blur();
    }
  });
  if (scan.autofocus && !location.hash) { scan.focus({ preventScroll: true }); scan.select(); }

  // Numbers that beat.
  var thousands = function (number) { return String(number).replace(/\B(?=(\d{3})+$)/g, ","); };
  function show(beat) {
    all("[data-beat]").forEach(function (element) {
      var name = element.dataset.beat, value = beat[name];
      element.textContent = name === "messages_per_s" ? value.toFixed(value < 10 ? 1 : 0) : thousands(value);
    });
    all(".waiting").forEach(function (element) { element.hidden = beat.quarantined_waiting === 0; });
    all("[data-warn]").forEach(function (element) { element.classList.toggle("warn", beat[element.dataset.warn] > 0); });
    all("[data-lag]").forEach(function (element) {
      var lag = beat.recorded - beat.sealed;
      element.textContent = lag > 0 ? thousands(lag) + " to go" : "";
    });
  }

  // The chart of throughput.
  var chart = null, points = [], paper = document.getElementById("throughput");
  function draw() {
    if (!paper || !window.echarts) { return; }
    if (!chart) {
      points = JSON.parse(paper.dataset.points || "[]");
      paper.textContent = "";
      chart = window.echarts.init(paper, null, { renderer: "canvas" });
      addEventListener("resize", function () { chart.resize(); });
    }
    var colour = getComputedStyle(root).getPropertyValue("--tw-accent").trim() || "#0b7285";
    var now = points.length ? points[points.length - 1][0] : Date.now();
    chart.setOption({
      animation: false,
      grid: { left: 0, right: 0, top: 3, bottom: 0 },
      xAxis: { type: "time", show: false, min: Math.max(now - 300000, Math.min(points.length ? points[0][0] : now, now - 30000)), max: now },
      yAxis: { type: "value", show: false, min: 0 },
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true, padding: 6,
        formatter: function (hits) { return hits[0].value[1].toFixed(1) + " a second"; }
      },
      series: [{ type: "line", data: points, showSymbol: false, step: "end", lineStyle: { width: 1.5, color: colour }, areaStyle: { color: colour, opacity: 0.18 } }]
    });
    var peak = document.querySelector("[data-peak]");
    if (peak) {
      var most = points.reduce(function (high, point) { return Math.max(high, point[1]); }, 0);
      peak.textContent = most.toFixed(most < 10 ? 1 : 0);
    }
  }
  addEventListener("load", draw);
  addEventListener("tracewright:theme", draw);

  // The stream. A page in the background closes it, and takes it up again when it is looked at.
  var stream = null, lastBeat = null, missed = false;
  function offline(yes) {
    all(".offline").forEach(function (element) {
      element.hidden = !yes;
      element.querySelector("[data-offline]").textContent = lastBeat ? new Date(lastBeat).toLocaleTimeString() : "when the page was loaded";
    });
  }
  function changed() {
    if (document.hidden) { missed = true; return; }
    document.body.dispatchEvent(new Event("tracewright:changed", { bubbles: true }));
  }
  function listen() {
    if (stream || !window.EventSource) { return; }
    stream = new EventSource("/api/v1/stream");
    stream.addEventListener("open", function () { offline(false); });
    stream.addEventListener("error", function () { offline(true); });
    stream.addEventListener("changed", changed);
    stream.addEventListener("counters", function (event) {
      var beat = JSON.parse(event.data);
      lastBeat = beat.at_ms;
      if (!document.hidden) { show(beat); }
      if (paper) {
        points.push([beat.at_ms, beat.messages_per_s]);
        if (points.length > 600) { points.shift(); }
        if (!document.hidden) { draw(); }
      }
    });
  }
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden && missed) { missed = false; changed(); }
  });
  addEventListener("pagehide", function () { if (stream) { stream.close(); stream = null; } });
  addEventListener("pageshow", function (event) { if (event.persisted) { listen(); changed(); } });
  listen();

  // What was opened stays open when its part of the page is renewed; so does what was scrolled.
  var opened = [];
  document.body.addEventListener("htmx:beforeSwap", function () {
    opened = all("details[open][id]").map(function (element) { return element.id; });
  });
  document.body.addEventListener("htmx:afterSwap", function () {
    opened.forEach(function (id) { var element = document.getElementById(id); if (element) { element.open = true; } });
  });
  document.body.addEventListener("htmx:load", function (event) { dress(event.detail.elt); });

  // The board: pointing at a component says what it is; pointing at the legend shows where it sits.
  function dressBoard(board) {
    if (board.dataset.dressed) { return; }
    board.dataset.dressed = "1";
    var section = board.closest("section"), readout = section.querySelector(".readout"), plain = readout.innerHTML;
    function tell(mark) {
      readout.textContent = "";
      [["b", mark.dataset.d], ["span", mark.dataset.p], ["span", mark.dataset.r && "reel " + mark.dataset.r], ["span", mark.dataset.l && "lot " + mark.dataset.l], ["span", mark.dataset.s], ["i", stateWord(mark)]].forEach(function (pair) {
        if (!pair[1]) { return; }
        var element = document.createElement(pair[0]);
        element.textContent = pair[1];
        readout.append(element, " ");
      });
    }
    function stateWord(mark) {
      return mark.classList.contains("unreported") ? "not reported" : mark.classList.contains("removed") ? "removed" : mark.classList.contains("possible") ? "possible" : "";
    }
    function glow(group) {
      board.classList.toggle("dim", group !== null);
      all(".m", board).forEach(function (mark) { mark.classList.toggle("on", mark.dataset.g === group); });
    }
    ["mouseover", "focusin"].forEach(function (kind) {
      board.addEventListener(kind, function (event) { var mark = event.target.closest(".m"); if (mark) { tell(mark); } });
    });
    board.addEventListener("mouseleave", function () { readout.innerHTML = plain; });
    all(".key li[data-g]", section).forEach(function (item) {
      item.addEventListener("mouseenter", function () { glow(item.dataset.g); });
      item.addEventListener("mouseleave", function () { glow(null); });
      item.addEventListener("focusin", function () { glow(item.dataset.g); });
      item.addEventListener("focusout", function () { glow(null); });
    });
    var whole = board.getAttribute("viewBox"), box = whole.split(" ").map(Number);
    function zoom(factor, x, y) {
      if (factor === 0) { box = whole.split(" ").map(Number); } else {
        var width = Math.min(box[2] * factor, whole.split(" ")[2] * 1.2), ratio = width / box[2];
        x = x === undefined ? box[0] + box[2] / 2 : x;
        y = y === undefined ? box[1] + box[3] / 2 : y;
        box = [x - (x - box[0]) * ratio, y - (y - box[1]) * ratio, width, box[3] * ratio];
      }
      board.setAttribute("viewBox", box.join(" "));
    }
    var tools = section.querySelector(".zoom");
    tools.hidden = false;
    all("[data-zoom]", tools).forEach(function (button) {
      button.addEventListener("click", function () { zoom(Number(button.dataset.zoom)); });
    });
    function at(event) {
      var point = new DOMPoint(event.clientX, event.clientY).matrixTransform(board.getScreenCTM().inverse());
      return [point.x, point.y];
    }
    board.addEventListener("wheel", function (event) {
      if (!event.ctrlKey && !event.metaKey) { return; }
      event.preventDefault();
      var point = at(event);
      zoom(event.deltaY < 0 ? 0.85 : 1.18, point[0], point[1]);
    }, { passive: false });
    var grip = null, dragged = false;
    board.addEventListener("pointerdown", function (event) { grip = at(event); dragged = false; });
    board.addEventListener("pointermove", function (event) {
      if (!grip || event.buttons !== 1) { grip = null; return; }
      var point = at(event);
      if (Math.abs(point[0] - grip[0]) + Math.abs(point[1] - grip[1]) < box[2] / 150 && !dragged) { return; }
      dragged = true;
      box[0] += grip[0] - point[0];
      box[1] += grip[1] - point[1];
      board.setAttribute("viewBox", box.join(" "));
    });
    board.addEventListener("dragstart", function (event) { event.preventDefault(); });
    board.addEventListener("click", function (event) { if (dragged) { event.preventDefault(); } }, true);
  }

  function dress(within) {
    localTimes(within);
    all("svg.board", within).forEach(dressBoard);
  }
  dress(document);
})();
