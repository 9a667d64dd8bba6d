//! Where things are in this checkout, and which versions `Cargo.lock` holds.
//!
//! Must not run builds or install anything. Made once by `main`, lent to every command.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

/// The paths of one checkout.
pub(crate) struct Project {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    /// Where private tools go: `.tools`, or what `SHARDSCOPE_TOOLS` names.
    pub(crate) tools: PathBuf,
}

impl Project {
    /// Finds the checkout that the current folder lies in.
    pub(crate) fn find() -> Result<Self> {
        let metadata = MetadataCommand::new()
            .no_deps()
            .exec()
            .context("type the command again inside the ShardScope checkout")?;
        let root = metadata.workspace_root.into_std_path_buf();
        let tools = match env::var_os("SHARDSCOPE_TOOLS") {
            Some(folder) => env::current_dir()?.join(folder),
            None => root.join(".tools"),
        };
        Ok(Self { root, target: metadata.target_directory.into_std_path_buf(), tools })
    }

    /// The page's folder.
    pub(crate) fn www(&self) -> PathBuf {
        self.root.join("www")
    }

    /// Where the wasm bindings of the page go.
    pub(crate) fn www_pkg(&self) -> PathBuf {
        self.root.join("www/pkg")
    }

    /// Where tools that are built here put their programs.
    pub(crate) fn tools_bin(&self) -> PathBuf {
        self.tools.join("bin")
    }

    /// A program of the npm packages.
    pub(crate) fn npm_program(&self, name: &str) -> PathBuf {
        self.root.join("node_modules/.bin").join(name)
    }

    /// The version of a crate in `Cargo.lock`.
    pub(crate) fn locked_version(&self, name: &str) -> Result<String> {
        let path = self.root.join("Cargo.lock");
        let text = fs::read_to_string(&path)
            .context("Cargo.lock is missing: type `cargo generate-lockfile`")?;
        locked_version(&text, name)
    }
}

/// The one version of `name` in the text of a `Cargo.lock`.
fn locked_version(lock: &str, name: &str) -> Result<String> {
    let lock: toml::Table =
        lock.parse().context("Cargo.lock is damaged: type `git checkout Cargo.lock`")?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let mut versions = packages
        .into_iter()
        .flatten()
        .filter(|package| package.get("name").and_then(toml::Value::as_str) == Some(name))
        .filter_map(|package| package.get("version").and_then(toml::Value::as_str));
    match (versions.next(), versions.next()) {
        (Some(version), None) => Ok(version.to_owned()),
        (None, _) => bail!("Cargo.lock has no {name}: type `cargo update --workspace`"),
        (Some(first), Some(second)) => bail!(
            "Cargo.lock has {name} {first} and {second}: \
             type `cargo tree -i {name}` to see who asks for each"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    const LOCK: &str = r#"
version = 4
[[package]]
name = "wasm-bindgen"
version = "0.2.130"
[[package]]
name = "wasm-bindgen-shared"
version = "0.2.129"
[[package]]
name = "rand"
version = "0.9.0"
[[package]]
name = "rand"
version = "0.10.0"
"#;

    #[test]
    fn finds_the_version_of_exactly_that_crate() {
        let version = locked_version(LOCK, "wasm-bindgen").expect("it is in the lock");
        assert_eq!(version, "0.2.130");
    }

    #[test]
    fn says_what_to_type_when_a_crate_is_missing_or_double() {
        let missing = locked_version(LOCK, "serde").expect_err("it is not in the lock");
        assert!(missing.to_string().contains("cargo update"), "{missing}");
        let double = locked_version(LOCK, "rand").expect_err("it is there twice");
        assert!(double.to_string().contains("cargo tree -i rand"), "{double}");
    }
}
