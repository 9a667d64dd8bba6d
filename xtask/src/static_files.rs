//! Serves a folder's files on 127.0.0.1, for development and tests.
//!
//! Must not know what the files are, and never serves one from outside the folder. Called by
//! `serve` and `test`.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, anyhow};
use percent_encoding::percent_decode_str;
use tiny_http::{Header, Method, Request, Response, Server};

/// Enough for a browser's six connections to one host; each thread answers one request at a time.
const THREADS: usize = 6;

/// A running server. It stops when it is dropped.
pub(crate) struct StaticFiles {
    server: Arc<Server>,
    threads: Vec<thread::JoinHandle<()>>,
    address: SocketAddr,
}

impl StaticFiles {
    /// Serves `folder` on `port`; port 0 takes a free one.
    pub(crate) fn start(folder: &Path, port: u16) -> Result<Self> {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("{} is missing: type `git status`", folder.display()))?;
        let server = Server::http((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            let other = port.saturating_add(1);
            anyhow!("port {port} cannot be used ({error}): add `--port {other}`, or another")
        })?;
        let address = server.server_addr().to_ip().context("the server has no address")?;
        let server = Arc::new(server);
        let threads = (0..THREADS)
            .map(|_| {
                let (server, folder) = (Arc::clone(&server), folder.clone());
                thread::spawn(move || {
                    for request in server.incoming_requests() {
                        // A browser that went away meanwhile is no error of ours.
                        let _ = answer(&folder, request);
                    }
                })
            })
            .collect();
        Ok(Self { server, threads, address })
    }

    /// The address to type into a browser.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the program is ended.
    pub(crate) fn serve_for_ever(mut self) {
        for thread in self.threads.drain(..) {
            // A thread that panicked has printed why; the others go on.
            let _ = thread.join();
        }
    }
}

impl Drop for StaticFiles {
    fn drop(&mut self) {
        for _ in &self.threads {
            self.server.unblock();
        }
    }
}

fn answer(folder: &Path, request: Request) -> std::io::Result<()> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return request.respond(plain_text(405, "Only GET and HEAD are answered here.\n"));
    }
    let file = locate(folder, request.url()).and_then(|path| Some((File::open(&path).ok()?, path)));
    let Some((file, path)) = file else {
        return request.respond(plain_text(404, "There is no such file.\n"));
    };
    let mut response = Response::from_file(file);
    for header in headers(mime_type(&path)) {
        response.add_header(header);
    }
    request.respond(response)
}

fn plain_text(status: u16, text: &str) -> Response<std::io::Cursor<Vec<u8>>> {
    let mut response = Response::from_string(text).with_status_code(status);
    for header in headers("text/plain; charset=utf-8".to_owned()) {
        response.add_header(header);
    }
    response
}

/// `no-store`: what was just built is what a reload shows. The page carries its own content policy.
fn headers(mime_type: String) -> impl Iterator<Item = Header> {
    let fields = [
        ("Content-Type", mime_type),
        ("Cache-Control", "no-store".to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
    ];
    fields.into_iter().filter_map(|(name, value)| Header::from_bytes(name, value).ok())
}

/// The file that a request's target names, if it is inside the folder; a folder's index for it.
fn locate(folder: &Path, target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let mut file = folder.join(path.trim_start_matches('/')).canonicalize().ok()?;
    if file.is_dir() {
        file = file.join("index.html").canonicalize().ok()?;
    }
    (file.starts_with(folder) && file.is_file()).then_some(file)
}

/// The media type of a file by its name; text is UTF-8.
fn mime_type(path: &Path) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = mime.type_() == mime_guess::mime::TEXT
        || matches!(mime.subtype().as_str(), "javascript" | "json" | "svg");
    if is_text { format!("{mime}; charset=utf-8") } else { mime.to_string() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::path::Path;

    use super::{StaticFiles, mime_type};

    #[test]
    fn media_types_are_those_that_browsers_insist_on() {
        let of = |name: &str| mime_type(Path::new(name));
        assert_eq!(of("pkg/shardscope_web_bg.wasm"), "application/wasm");
        assert_eq!(of("engine.js"), "text/javascript; charset=utf-8");
        assert_eq!(of("index.html"), "text/html; charset=utf-8");
        assert_eq!(of("style.css"), "text/css; charset=utf-8");
        assert_eq!(of("recording.json"), "application/json; charset=utf-8");
        assert_eq!(of("icon.svg"), "image/svg+xml; charset=utf-8");
        assert_eq!(of("picture.png"), "image/png");
        assert_eq!(of("README"), "application/octet-stream");
    }

    /// The status and the whole answer to a request.
    fn ask(server: &StaticFiles, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(server.address).expect("the server listens");
        write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .expect("the request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer is text");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("the answer has a status"), answer)
    }

    #[test]
    fn serves_the_folder_and_nothing_outside_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let www = folder.path().join("www");
        fs::create_dir_all(www.join("a b")).expect("a folder");
        fs::write(folder.path().join("secret.txt"), "secret").expect("a file");
        fs::write(www.join("index.html"), "<title>start</title>").expect("a file");
        fs::write(www.join("a b/one.js"), "export const one = 1;").expect("a file");
        let server = StaticFiles::start(&www, 0).expect("a port is free");

        let (status, answer) = ask(&server, "GET /?seed=7");
        assert_eq!(status, 200);
        assert!(answer.ends_with("<title>start</title>"), "{answer}");
        assert!(answer.contains("Cache-Control: no-store"), "{answer}");
        assert_eq!(ask(&server, "GET /a%20b/one.js?x#y").0, 200);
        assert_eq!(ask(&server, "GET /none.js").0, 404);
        assert_eq!(ask(&server, "GET /a%20b").0, 404, "a folder without an index");
        assert_eq!(ask(&server, "POST /").0, 405);
        for outside in ["/../secret.txt", "/%2e%2e/secret.txt", "//secret.txt", "/%2Fetc/passwd"] {
            assert_eq!(ask(&server, &format!("GET {outside}")).0, 404, "{outside}");
        }
    }
}
