//! What is vendored is what the manifest says.

use std::collections::BTreeSet;
use std::path::Path;

use sha2::{Digest, Sha256};

#[test]
fn vendored_files_have_the_hashes_of_the_manifest() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/vendor");
    let manifest = std::fs::read_to_string(folder.join("vendor.toml")).expect("the manifest");
    let manifest: toml::Table = manifest.parse().expect("the manifest is TOML");
    let mut listed = BTreeSet::from(["vendor.toml".to_owned(), "licences".to_owned()]);
    for entry in manifest["file"].as_array().expect("files") {
        let text = |key: &str| {
            entry.get(key).and_then(|value| value.as_str()).unwrap_or_else(|| panic!("`{key}` is missing in {entry}"))
        };
        for key in ["name", "version", "licence", "source"] {
            assert!(!text(key).is_empty(), "`{key}` is empty in {entry}");
        }
        let bytes = std::fs::read(folder.join(text("file"))).expect("a vendored file");
        let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, text("sha256"), "{} is not what was vendored: `npm pack` it again", text("file"));
        listed.insert(text("file").to_owned());
    }
    let there = std::fs::read_dir(&folder)
        .expect("the folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    assert_eq!(there.collect::<BTreeSet<_>>(), listed, "every vendored file is in the manifest");
}
