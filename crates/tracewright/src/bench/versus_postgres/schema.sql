-- A plain traceability store: one row for each placement, with small keys. Columns stand in the order that leaves no gaps between them.
create table part (id int primary key, number text not null, manufacturer text not null, mpn text not null);
create table lot (id int primary key, code text not null, manufacturer text not null, mpn text not null);
create table package (id int primary key, name text not null, part int not null, parent int);
-- Lots as labels and receipts stated them; a later statement supersedes an earlier one.
create table package_lot (lot int not null, package int not null, superseded boolean not null);
-- Every package with itself and with what was cut off it, however far along.
create table piece (whole int not null, part int not null, primary key (whole, part));
create table station (id smallint primary key, name text not null);
create table position (id smallint primary key, designator text not null);
create table unit (id int primary key, name text not null);
create table assembly (child int primary key, parent int not null);
create table container (id int primary key, name text not null, pallet int);
create table packed (unit int primary key, container int not null);
create table shipment (id int primary key, name text not null, customer text not null);
create table shipped (pallet int primary key, shipment int not null);

create table placement (
    at timestamptz not null,
    unit int not null,
    package int, -- none when only a place was reported and several packages lay there
    position smallint not null,
    station smallint, -- none for what nobody reported before it was taken out
    certain boolean not null, -- no other package is possible
    removed boolean not null
);
