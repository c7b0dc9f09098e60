//! Every page in a real browser: light and dark, on a desk and on a shop-floor tablet. A page may log no error, load nothing from elsewhere
//! and be no wider than the screen. The pictures are left in the folder that `SCREENS` names (else in cargo's), to be looked at.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use serde_json::{Value, json};

use crate::pretended::{Pretended, UNIT, served};

const SIZES: [(u32, u32); 2] = [(1280, 800), (820, 1180)];

/// Pages as (name of the picture, path, of the empty house).
const PAGES: [(&str, &str, bool); 21] = [
    ("now", "/", false),
    ("now-empty", "/", true),
    ("unit", "/unit/TS-000123/2", false),
    ("unit-lot-bottom", "/unit/TS-000123/2?colour=lot&side=bottom", false),
    ("unit-defect-as-of", "/unit/TS-000123/2?colour=defect&side=bottom&as_of=4000", false),
    ("unit-long", "/unit/LONG", false),
    ("unit-bare", "/unit/BARE", false),
    ("thing-lot", "/thing/lot/MK-2291", false),
    ("thing-unused", "/thing/lot/UNUSED", false),
    ("thing-station", "/thing/station/SMT-1", false),
    ("ask", "/ask", false),
    ("ask-answer", "/ask?q=lot%3AMK-2291", false),
    ("ask-refused", "/ask?q=lot%3A%28", false),
    ("quarantine", "/quarantine", false),
    ("quarantine-empty", "/quarantine", true),
    ("quarantined", "/quarantine/1", false),
    ("ledger", "/ledger", false),
    ("ledger-empty", "/ledger", true),
    ("event", "/ledger/event/4711", false),
    ("not-found", "/unit/TS-000129", false),
    ("choice", "/scan?q=A7", false),
];

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from("/usr/bin/chromium"))).filter(|path| path.exists())
}

#[test]
fn every_page_is_sound_in_light_and_dark_and_on_a_tablet() {
    let Some(chromium) = chromium() else {
        println!("SKIPPED: no browser. Name one with CHROMIUM, or install the package `chromium`.");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI must have a browser");
        return;
    };
    let screens = std::env::var_os("SCREENS")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens"), PathBuf::from);
    std::fs::create_dir_all(&screens).expect("a folder for the pictures");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let serve = |house: Pretended| {
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = runtime.block_on(async { served(house) });
        runtime.spawn(async move { axum::serve(listener, router).await });
        address
    };
    let full = serve(Pretended::default());
    let empty = serve(Pretended { empty: true, ..Pretended::default() });
    let only = std::env::var("SCREEN").ok();

    let mut browser = Browser::start(&chromium);
    let mut wrong = Vec::new();
    for (width, height) in SIZES {
        for scheme in ["light", "dark"] {
            browser.call(
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
            );
            browser.call(
                "Emulation.setEmulatedMedia",
                json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
            );
            browser.call("Emulation.setTimezoneOverride", json!({"timezoneId": "Europe/Berlin"}));
            for (name, path, of_empty) in PAGES {
                if only.as_deref().is_some_and(|only| only != name) {
                    continue;
                }
                let address = if of_empty { empty } else { full };
                browser.open(&format!("http://{address}{path}"));
                let page = format!("{name} {scheme} {width}");
                let overflow =
                    browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
                if overflow.as_i64() != Some(0) {
                    let widest = browser.value(WIDEST);
                    wrong.push(format!("{page}: wider than the screen by {overflow}: {widest}"));
                }
                let expected = if matches!(name, "not-found" | "choice") { 1 } else { 0 };
                let errors = browser.errors();
                // The browser itself logs that a page answered 404 or 300.
                if errors.iter().filter(|error| !error.contains("the server responded with a status of")).count() > 0
                    || errors.len() > expected
                {
                    wrong.push(format!("{page}: {errors:?}"));
                }
                let file = screens.join(format!("{name}-{scheme}-{width}.png"));
                std::fs::write(file, browser.picture(name == "unit" || name == "thing-lot"))
                    .expect("the picture is written");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("pictures: {}", screens.display());
}

const WIDEST: &str = "[...document.querySelectorAll('main *, header *')].filter(e => !e.closest('.scroll, svg, pre')).sort((a, b) => b.getBoundingClientRect().right - a.getBoundingClientRect().right).slice(0, 3).map(e => e.tagName + '.' + e.className).join(', ')";

#[test]
fn a_page_lives_and_a_scan_leads_somewhere() {
    let Some(chromium) = chromium() else {
        println!("SKIPPED: no browser.");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI must have a browser");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = runtime.block_on(async { served(Pretended::default()) });
    runtime.spawn(async move { axum::serve(listener, router).await });
    let mut browser = Browser::start(&chromium);

    browser.open(&format!("http://{address}/"));
    assert_eq!(browser.value("document.activeElement.name"), "q", "the scan box has the caret");
    browser.value(
        "document.querySelector('details.setup').open = true; document.querySelector('#line').dataset.old = '1'; true",
    );
    browser.until(
        "document.querySelector('#line') && !document.querySelector('#line').dataset.old",
        "the line is renewed",
    );
    assert_eq!(browser.value("document.querySelector('details.setup').open"), true, "what was open stays open");

    let first = browser.value("document.querySelector('.gauge [data-beat=recorded]').textContent");
    browser.until(
        &format!("document.querySelector('.gauge [data-beat=recorded]').textContent !== {first}"),
        "the counters beat",
    );

    browser.value("document.querySelector('.scan input').value = ']d2TS-000123/2\\t'; document.querySelector('.scan').requestSubmit(); true");
    browser.until(
        &format!("location.pathname === '/unit/{UNIT}' && document.readyState === 'complete'"),
        "a scan leads to the unit",
    );
    browser.until(
        "document.querySelector('#board').dataset === undefined || !!document.querySelector('svg.board[data-dressed]')",
        "the board is dressed",
    );
    browser.value("document.querySelector('.choose a[href*=\"colour=lot\"]').click(); true");
    browser.until(
        "document.querySelector('.choose a[href*=\"colour=lot\"]').getAttribute('aria-current') === 'true'",
        "the board is coloured by lot",
    );
    browser.value("document.querySelector('#find').value = 'REWORK-1'; document.querySelector('#find').dispatchEvent(new Event('input', {bubbles: true})); true");
    browser
        .until("document.querySelectorAll('#rows tbody tr').length === 2", "the filter leaves the rows of the bench");
    browser.value("document.querySelector('button.theme').click(); true");
    assert_eq!(
        browser.value("localStorage.getItem('tracewright.theme') === document.documentElement.dataset.bsTheme"),
        true
    );
    assert_eq!(browser.errors(), Vec::<String>::new());
}

/// A browser, spoken to over its debugging pipe.
struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    next: u64,
    events: Vec<Value>,
    profile: tempfile::TempDir,
}

impl Browser {
    fn start(chromium: &Path) -> Browser {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        // The pipe is on descriptors 3 and 4; the shell puts ours there.
        let mut child = Command::new("/bin/sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null"])
            .arg(chromium)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--hide-scrollbars",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let to = child.stdin.take().expect("its input");
        let from = BufReader::new(child.stdout.take().expect("its output"));
        let mut browser = Browser { child, to, from, session: None, next: 1, events: Vec::new(), profile };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let session = browser.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.next;
        self.next += 1;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("the browser listens");
        loop {
            let message = self.read();
            if message["id"] == id {
                // A navigation ends what was being asked in the old page.
                let error = message["error"]["message"].as_str();
                assert!(error.is_none_or(|error| error.contains("navigated")), "{method}: {error:?}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn read(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.by_ref().read_until(0, &mut bytes).expect("the browser speaks");
        bytes.pop();
        serde_json::from_slice(&bytes).expect("the browser speaks JSON")
    }

    fn open(&mut self, url: &str) {
        self.events.clear();
        self.call("Page.navigate", json!({"url": url}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let message = self.read();
            self.events.push(message);
        }
        // Two frames, so that what the load event starts is painted.
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))");
    }

    fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        self.call("Runtime.evaluate", params)["result"]["value"].clone()
    }

    /// Waits in the page until something holds; five seconds at most.
    fn until(&mut self, condition: &str, what: &str) {
        for _ in 0..2 {
            let wait = format!(
                "new Promise(done => {{ const end = Date.now() + 5000; const look = () => {{ let good = false; try {{ good = !!({condition}); }} catch (_) {{}} if (good || Date.now() > end) done(good); else requestAnimationFrame(look); }}; look(); }})"
            );
            // A navigation ends the first wait without an answer.
            if self.value(&wait) == true {
                return;
            }
        }
        panic!("{what}: not within five seconds; errors: {:?}", self.errors());
    }

    fn errors(&mut self) -> Vec<String> {
        let error = |event: &Value| match event["method"].as_str()? {
            "Runtime.exceptionThrown" => Some(event["params"]["exceptionDetails"].to_string()),
            "Log.entryAdded" if event["params"]["entry"]["level"] == "error" => {
                Some(event["params"]["entry"].to_string())
            }
            "Runtime.consoleAPICalled" if event["params"]["type"] == "error" => {
                Some(event["params"]["args"].to_string())
            }
            _ => None,
        };
        self.events.iter().filter_map(error).collect()
    }

    /// The window, or the page down to 2,600 pixels.
    fn picture(&mut self, whole: bool) -> Vec<u8> {
        let mut params = json!({"format": "png", "captureBeyondViewport": whole});
        if whole {
            let width = self.value("document.documentElement.clientWidth");
            let height = self.value("Math.min(document.documentElement.scrollHeight, 2600)");
            params["clip"] = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        }
        let picture = self.call("Page.captureScreenshot", params);
        base64::engine::general_purpose::STANDARD
            .decode(picture["data"].as_str().unwrap_or_default())
            .expect("a picture")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        debug_assert!(self.profile.path().exists());
    }
}
