-- What a worker lays over the workflow of the tasks it holds, in this order.
alter table workers add column overlays text not null default '[]' check (json_valid(overlays));

-- The texts that the worker was given since it came, so that it gets none twice.
alter table workers add column guided text not null default '[]' check (json_valid(guided));
