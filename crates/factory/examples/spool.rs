//! Writes what a factory says to a folder: `cargo run -p factory --example spool -- <folder> [panels] [seed]`.
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = std::path::PathBuf::from(arguments.first().ok_or("a folder is needed")?);
    let panels = arguments.get(1).map_or(Ok(300), |text| text.parse())?;
    let seed = arguments.get(2).map_or(Ok(1), |text| text.parse())?;
    let config = factory::Config { seed, panels: Some(panels), ..factory::Config::default() };
    let mut cfx = std::io::BufWriter::new(std::fs::File::create(folder.join("cfx.ndjson"))?);
    let mut events = std::io::BufWriter::new(std::fs::File::create(folder.join("events.ndjson"))?);
    let mut simulation = factory::Simulation::new(config)?;
    for output in simulation.by_ref() {
        match output.kind {
            factory::Kind::Cfx(line) => writeln!(cfx, "{line}")?,
            factory::Kind::Event(line) => writeln!(events, "{line}")?,
        }
    }
    for (name, count) in simulation.behaviours() {
        println!("{count:8}  {name}");
    }
    Ok(())
}
