-- When the worker's lease was last renewed: by a call, as `last_heartbeat` says, or by the
-- server that its client is connected to.
alter table workers add column renewed_at integer not null default 0;
update workers set renewed_at = last_heartbeat;

-- The same moment by a clock that nobody sets and that stands still while the machine
-- sleeps, and the boot it counts from; null where the system has none.
alter table workers add column awake_ms integer;
alter table workers add column awake_boot text;

-- Its client is gone: so long after the last renewal its tasks are kept for it. Null while it is connected.
alter table workers add column reserved_ms integer check (reserved_ms > 0);
