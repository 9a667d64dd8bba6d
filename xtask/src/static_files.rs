//! Serves a folder's files on 127.0.0.1, for development and tests.
//!
//! Must not know what the files are, and never serves one from outside the folder. Called by
//! `serve` and `test`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use tokio::sync::oneshot;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

/// A running server. It stops when it is dropped.
pub(crate) struct StaticFiles {
    thread: thread::JoinHandle<Result<()>>,
    address: SocketAddr,
    /// Dropped with the server, which ends its thread.
    _stop: oneshot::Sender<()>,
}

impl StaticFiles {
    /// Serves `folder` on `port`; port 0 takes a free one.
    pub(crate) fn start(folder: &Path, port: u16) -> Result<Self> {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("{} is missing: type `git status`", folder.display()))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            let other = port.saturating_add(1);
            anyhow!("port {port} cannot be used ({error}): add `--port {other}`, or another")
        })?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        // `no-store`: what was just built is what a reload shows. The page carries its own content
        // policy.
        let files = Router::new()
            .fallback_service(ServeDir::new(folder))
            .layer(header(CACHE_CONTROL, "no-store"))
            .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                tokio::select! {
                    ended = axum::serve(listener, files) => ended?,
                    _ = stopped => {}
                }
                Ok(())
            })
        });
        Ok(Self { thread, address, _stop: stop })
    }

    /// The address to type into a browser.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the program is ended.
    pub(crate) fn serve_for_ever(self) -> Result<()> {
        let Self { thread, _stop, .. } = self;
        thread.join().map_err(|_| anyhow!("the server stopped: start it again"))?
    }
}

fn header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::StaticFiles;

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
    fn media_types_are_those_that_browsers_insist_on() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = StaticFiles::start(folder.path(), 0).expect("a port is free");
        for (name, media_type) in [
            ("page_bg.wasm", "application/wasm"),
            ("engine.js", "text/javascript"),
            ("start.html", "text/html"),
            ("style.css", "text/css"),
            ("icon.svg", "image/svg+xml"),
            ("picture.png", "image/png"),
        ] {
            fs::write(folder.path().join(name), "").expect("a file");
            let (status, answer) = ask(&server, &format!("GET /{name}"));
            assert_eq!(status, 200, "{name}");
            assert!(answer.contains(&format!("content-type: {media_type}\r\n")), "{answer}");
        }
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
        assert!(answer.contains("cache-control: no-store"), "{answer}");
        assert_eq!(ask(&server, "GET /a%20b/one.js?x").0, 200);
        assert_eq!(ask(&server, "GET /none.js").0, 404);
        assert_eq!(ask(&server, "GET /a%20b/").0, 404, "a folder without an index");
        assert_eq!(ask(&server, "POST /").0, 405);
        for outside in ["/../secret.txt", "/%2e%2e/secret.txt", "//secret.txt", "/%2Fetc/passwd"] {
            assert_eq!(ask(&server, &format!("GET {outside}")).0, 404, "{outside}");
        }
    }
}
