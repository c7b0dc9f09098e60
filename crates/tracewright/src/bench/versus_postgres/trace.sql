-- What is in a unit ($1, name).
select position.designator, package.name, part.number, part.manufacturer, part.mpn, lot.code, station.name, placement.at,
    placement.certain, placement.removed
from unit
join placement on placement.unit = unit.id
join position on position.id = placement.position
left join package on package.id = placement.package
left join part on part.id = package.part
left join package_lot on package_lot.package = package.id and not package_lot.superseded
left join lot on lot.id = package_lot.lot
left join station on station.id = placement.station
where unit.name = $1
