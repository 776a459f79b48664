//! Turns the shipped settings into JSON when the program is built, because every process reads them when it
//! starts, and YAML takes ten times as long.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=config");
    let out = std::env::var("OUT_DIR")?;
    for entry in fs::read_dir("config")? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "yaml") {
            let settings: Value = serde_yaml::from_str(&fs::read_to_string(&path)?)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let name = path.with_extension("json");
            fs::write(Path::new(&out).join(name.file_name().unwrap_or_default()), settings.to_string())?;
        }
    }
    Ok(())
}
