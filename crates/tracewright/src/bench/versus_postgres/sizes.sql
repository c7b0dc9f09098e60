-- Bytes with indexes: of the placements, of all tables, and of the whole database.
select pg_total_relation_size('placement'), pg_table_size('placement'), sum(pg_total_relation_size(oid))::bigint, pg_database_size(current_database())
from pg_class
where relkind = 'r' and relnamespace = 'public'::regnamespace
