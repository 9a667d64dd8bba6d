//! The page as one HTML file that opens from disk: scripts, styles, worker and engine inside it.
//!
//! Owns how they are put in, and the content policy that allows just these. Must not change the
//! sources. Called by `dist` and by the page tests.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use duct::cmd;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::project::Project;

/// What the folder's page has where the parts go.
const STYLESHEET: &str = "<link rel=\"stylesheet\"";
const ICON: &str = "href=\"favicon.svg\"";
const SCRIPT: &str = "<script type=\"module\" src=\"main.js\"></script>";
const POLICY: &str = "http-equiv=\"Content-Security-Policy\" content=\"";

/// The worker of a single file: with the bindings inside, for it can import nothing.
const WORKER: &str = "import * as bindings from './pkg/shardscope_web.js';
globalThis.shardscopeBindings = bindings;
import './engine/worker.js';
";

/// Writes the page with the engine `wasm` as the single file `out`.
pub(crate) fn write(project: &Project, wasm: &Path, out: &Path) -> Result<()> {
    let www = project.www();
    let read = |name: &str| {
        fs::read_to_string(www.join(name)).with_context(|| format!("cannot read {name}"))
    };
    let page = read("index.html")?;
    let parts = Parts {
        script: bundled(project, "main.js", None, "--format=esm")?,
        worker: bundled(project, "worker", Some(WORKER), "--format=iife")?,
        style: bundled(project, "style", Some(&imports(&page)?), "--loader=css")?,
        icon: read("favicon.svg")?,
        engine: fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?,
    };
    fs::write(out, parts.put_into(&page)?)
        .with_context(|| format!("cannot write {}", out.display()))
}

/// What goes into the page.
struct Parts {
    script: String,
    worker: String,
    style: String,
    icon: String,
    engine: Vec<u8>,
}

impl Parts {
    fn put_into(&self, page: &str) -> Result<String> {
        for mark in [STYLESHEET, ICON, SCRIPT, POLICY, "</body>"] {
            ensure!(page.contains(mark), "index.html has no {mark}");
        }
        let icon = format!("data:image/svg+xml;base64,{}", BASE64_STANDARD.encode(&self.icon));
        let style = format!("<style>{}</style>", self.style);
        let script = format!("<script type=\"module\">{}</script>", self.script);
        let blocks = format!(
            "<script type=\"text/plain\" id=\"embedded-worker\">{}</script>\n\
             <script type=\"text/plain\" id=\"embedded-engine\">{}</script>\n</body>",
            self.worker,
            BASE64_STANDARD.encode(gzipped(&self.engine)?)
        );
        let mut single = String::new();
        let mut styled = false;
        for line in page.lines() {
            if line.trim_start().starts_with(STYLESHEET) {
                if !std::mem::replace(&mut styled, true) {
                    single.push_str(&style);
                }
                continue;
            }
            single.push_str(line);
            single.push('\n');
        }
        let single = single.replace(ICON, &format!("href=\"{icon}\""));
        let single = single.replace(SCRIPT, &script).replace("</body>", &blocks);
        self.with_policy(&single)
    }

    /// With a policy that allows what is in the file, by its hash, and nothing else.
    fn with_policy(&self, page: &str) -> Result<String> {
        let start = page.find(POLICY).context("the page has a policy")? + POLICY.len();
        let end = start + page[start..].find('"').context("the policy ends")?;
        let policy = format!(
            "default-src 'none'; script-src '{}' 'wasm-unsafe-eval' blob:; style-src '{}'; \
             img-src data:; worker-src blob:; base-uri 'none'; form-action 'none'",
            hash(&self.script),
            hash(&self.style)
        );
        Ok(format!("{}{policy}{}", &page[..start], &page[end..]))
    }
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// One style sheet that imports those of the page, in their order.
fn imports(page: &str) -> Result<String> {
    let mut imports = String::new();
    for line in page.lines().filter(|line| line.trim_start().starts_with(STYLESHEET)) {
        let (_, address) = line.split_once("href=\"").context("a style sheet has an address")?;
        let address = address.split('"').next().unwrap_or_default();
        imports.push_str(&format!("@import \"./{address}\";\n"));
    }
    Ok(imports)
}

/// Lets esbuild make one minified file of a source of the page, or of `text` as if it lay there.
fn bundled(project: &Project, name: &str, text: Option<&str>, form: &str) -> Result<String> {
    let esbuild = project.npm_program("esbuild");
    // The bindings would look for the module beside them; here it is given to them.
    let base = "--define:import.meta.url=\"about:blank\"";
    let fixed = ["--bundle", "--minify", "--log-level=error", base, form];
    let command = match text {
        None => cmd(esbuild, [&[name], &fixed[..]].concat()),
        Some(text) => cmd(esbuild, fixed).stdin_bytes(text),
    };
    let made = command.dir(project.www()).read();
    let made = made.with_context(|| format!("esbuild cannot make the {name} of a single file"))?;
    // What ends a block in HTML must not stand in it; in scripts it can only be within a string.
    Ok(made.replace("</script", "<\\/script"))
}

fn gzipped(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::{Parts, hash, imports};

    const PAGE: &str =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'\">
  <link rel=\"icon\" href=\"favicon.svg\">
  <link rel=\"stylesheet\" href=\"style/a.css\">
  <link rel=\"stylesheet\" href=\"style/b.css\">
  <script type=\"module\" src=\"main.js\"></script>
<body></body>";

    fn parts() -> Parts {
        Parts {
            script: "run()".into(),
            worker: "work()".into(),
            style: "p{}".into(),
            icon: "<svg/>".into(),
            engine: b"wasm".to_vec(),
        }
    }

    #[test]
    fn everything_is_inside_and_only_that_is_allowed() {
        let single = parts().put_into(PAGE).expect("it has every place");
        for part in ["<style>p{}</style>", "<script type=\"module\">run()</script>", "work()"] {
            assert!(single.contains(part), "{part} is not in {single}");
        }
        for address in ["style/a.css", "style/b.css", "main.js", "favicon.svg", "'self'"] {
            assert!(!single.contains(address), "{address} is still in {single}");
        }
        assert!(single.contains(&hash("run()")) && single.contains(&hash("p{}")), "{single}");
    }

    #[test]
    fn a_page_that_has_changed_is_told_not_half_made() {
        let changed = PAGE.replace("main.js", "start.js");
        let error = parts().put_into(&changed).expect_err("no place for the script").to_string();
        assert!(error.contains("main.js"), "{error}");
    }

    #[test]
    fn style_sheets_keep_their_order() {
        let imports = imports(PAGE).expect("both have addresses");
        assert_eq!(imports, "@import \"./style/a.css\";\n@import \"./style/b.css\";\n");
    }
}
