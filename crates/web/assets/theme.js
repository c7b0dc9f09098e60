// Before anything is painted: the theme that was chosen here, else the one the system prefers.
(function () {
  var chosen = null;
  try { chosen = localStorage.getItem("tracewright.theme"); } catch (_) { /* storage is off: follow the system */ }
  var dark = matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    document.documentElement.dataset.bsTheme = chosen || (dark.matches ? "dark" : "light");
  }
  apply();
  dark.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", function () {
    var button = document.querySelector("button.theme");
    button.hidden = false;
    button.addEventListener("click", function () {
      chosen = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
      try { localStorage.setItem("tracewright.theme", chosen); } catch (_) { /* it holds for this page */ }
      apply();
      dispatchEvent(new Event("tracewright:theme"));
    });
  });
})();
