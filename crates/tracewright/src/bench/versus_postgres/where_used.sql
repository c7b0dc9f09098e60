-- Where packages ($1, names) and lots ($2, codes) certainly went: a row for each unit, and one more where it was taken out again.
with pieces as materialized (
    select piece.part from package join piece on piece.whole = package.id where package.name = any($1)
    union
    select piece.part
    from lot
    join package_lot on package_lot.lot = lot.id and not package_lot.superseded
    join piece on piece.whole = package_lot.package
    where lot.code = any($2)
),
used as (
    select placement.unit, placement.removed, array_agg(placement.position) as positions
    from pieces
    join placement on placement.package = pieces.part
    where placement.certain
    group by placement.unit, placement.removed
)
select unit.name, used.removed, used.positions
from used
join unit on unit.id = used.unit
