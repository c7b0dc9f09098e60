//! The pages and the API as a browser and a program meet them, over a pretended house.

mod api;
mod assets;
mod browser;
mod pages;
mod pretended;
mod site;
