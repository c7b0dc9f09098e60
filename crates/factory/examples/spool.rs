//! Writes what a factory says, and the truth, to a folder: `cargo run --release -p factory --example spool -- <folder>
//! [panels] [seed]`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("a folder is needed")?;
    let panels = arguments.get(1).map_or(Ok(300), |text| text.parse())?;
    let seed = arguments.get(2).map_or(Ok(1), |text| text.parse())?;
    let config = factory::Config { seed, panels: Some(panels), ..factory::Config::default() };
    let (truth, behaviours) = factory::write_ndjson(config, folder.as_ref())?;
    for (name, count) in behaviours {
        println!("{count:8}  {name}");
    }
    println!("{:8}  placements", truth.placements());
    Ok(())
}
