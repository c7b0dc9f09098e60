-- Which units lots ($1, codes) certainly went into, and where each is: board, product, box, pallet, shipment, customer.
with pieces as materialized (
    select distinct piece.part
    from lot
    join package_lot on package_lot.lot = lot.id and not package_lot.superseded
    join piece on piece.whole = package_lot.package
    where lot.code = any($1)
),
affected as (
    select distinct placement.unit
    from pieces
    join placement on placement.package = pieces.part
    where placement.certain
)
select unit.name, product.name, box.name, pallet.name, shipment.name, shipment.customer
from affected
join unit on unit.id = affected.unit
left join assembly on assembly.child = affected.unit
left join unit product on product.id = assembly.parent
left join packed on packed.unit = coalesce(assembly.parent, affected.unit)
left join container box on box.id = packed.container
left join container pallet on pallet.id = box.pallet
left join shipped on shipped.pallet = pallet.id
left join shipment on shipment.id = shipped.shipment
