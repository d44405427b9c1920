"use strict";
// As Airflow's UI is shown: it keeps the choice in its html element, and we are in a frame of it. Else as the system is.
const airflow = (() => {
  try {
    return window.parent !== window && window.parent.document.documentElement;
  } catch {
    return null;
  }
})();
function followTheme() {
  const names = airflow ? airflow.classList : document.documentElement.classList;
  document.documentElement.style.colorScheme = names.contains("dark") ? "dark" : names.contains("light") ? "light" : "";
}
followTheme();
if (airflow) new MutationObserver(followTheme).observe(airflow, { attributeFilter: ["class"] });

const told = (form, words) => { form.querySelector(".told").textContent = words; };

async function send(form, address, body) {
  const button = form.querySelector("button");
  button.disabled = true;
  told(form, "");
  try {
    const headers = { "Content-Type": "application/json", "X-Data-Pipeline": "1" };
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
    const found = await answer.json().catch(() => ({}));
    if (answer.ok) return found;
    told(form, answer.status === 403 ? "You may not do this." : `Airflow refused: ${JSON.stringify(found.detail ?? answer.status)}`);
  } catch {
    told(form, "Airflow does not answer.");
  }
  button.disabled = false;
  return null;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const { trigger, conf, post } = form.dataset;
  if (!trigger && !post) return;
  event.preventDefault();
  if (post) {
    if (await send(form, post, {})) await refresh();
    return;
  }
  const runs = `${document.body.dataset.airflow}/api/v2/dags/${trigger}/dagRuns`;
  const run = await send(form, runs, { logical_date: null, conf: JSON.parse(conf) });
  if (run) location.assign(`${document.body.dataset.base}/run?run_key=${encodeURIComponent(run.dag_run_id)}`);
});

// A page of Airflow belongs into Airflow's window, not into this frame.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow-link]");
  if (!link || !airflow) return;
  event.preventDefault();
  const outside = airflow.ownerDocument.createElement("a");
  outside.href = link.href;
  airflow.ownerDocument.body.append(outside);
  outside.click();
  outside.remove();
});

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  document.querySelector("main").replaceWith(fresh);
}

async function goOn() {
  const seconds = Number(document.querySelector("main").dataset.refresh ?? 0);
  // Nobody who reads with the keyboard loses the place, and a page that nobody sees asks for nothing.
  const isInUse = document.hidden || document.querySelector("main :focus");
  if (seconds && !isInUse) await refresh();
  setTimeout(goOn, 1000 * (seconds || 10));
}
document.addEventListener("DOMContentLoaded", () => setTimeout(goOn, 3000));
