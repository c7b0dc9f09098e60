-- Where a package went is answered from this index alone.
create index placement_by_package on placement (package, unit) include (position, certain, removed);
-- What is in a unit: its rows lie together as its passes wrote them, so the table is read for the rest.
create index placement_by_unit on placement (unit);
create unique index package_by_name on package (name);
create unique index unit_by_name on unit (name);
create index lot_by_code on lot (code);
create index package_lot_by_lot on package_lot (lot) include (package, superseded);
analyze;
