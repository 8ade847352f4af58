//! The folder of the web console must be there when the code that embeds it is compiled, also before the console
//! itself is built: `RustEmbed` resolves the path of a missing folder wrongly for good.

fn main() -> std::io::Result<()> {
    std::fs::create_dir_all("../../web-console/dist")
}
