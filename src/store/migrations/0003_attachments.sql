-- An attachment's bytes are its `content`, or a file of the media folder that
-- is called by the SHA-256 of them, or a file of the project that is named only.
alter table attachments add column digest text check (length(digest) = 64);
alter table attachments add column bytes integer check (bytes >= 0);   -- of the media file

create index attachments_digest on attachments (digest) where digest is not null;

-- Media files that lost what last referred to them, until somebody takes them away.
create table loose_media (
    digest text primary key
) strict, without rowid;

create trigger attachments_let_go after delete on attachments
when old.digest is not null
    and not exists (select 1 from attachments where digest = old.digest)
begin
    insert or ignore into loose_media (digest) values (old.digest);
end;

-- Somebody may attach the same bytes before anybody has looked.
create trigger attachments_took_up after insert on attachments
when new.digest is not null
begin
    delete from loose_media where digest = new.digest;
end;

-- What workers reported of their work; entries are added and never changed.
create table metrics (
    id        integer primary key autoincrement,
    -- Null once the task is gone for good: what it cost was spent.
    task_id   text references tasks (id) on update cascade on delete set null,
    attempt   integer not null,     -- the reporter's last at the task; 0 if it made none
    worker_id text not null,
    timestamp integer not null,
    reason    text
) strict;

create index metrics_task on metrics (task_id);

create table metric_values (
    metric_id integer not null references metrics (id),
    name      text not null,        -- `cost_usd` is in millionths of a dollar
    value     integer not null,
    primary key (metric_id, name)
) strict, without rowid;

-- The sums of all entries by worker, kept by the trigger below.
create table metric_totals (
    worker_id text not null,
    name      text not null,
    value     integer not null,
    primary key (worker_id, name)
) strict, without rowid;

create trigger metrics_totalled after insert on metric_values
begin
    insert into metric_totals (worker_id, name, value)
    select worker_id, new.name, new.value from metrics where id = new.metric_id
    on conflict do update set value = value + excluded.value;
end;

create trigger metrics_stay before update of attempt, worker_id, timestamp, reason on metrics
begin
    select raise(abort, 'metrics are only added to');
end;

create trigger metric_values_stay before update on metric_values
begin
    select raise(abort, 'metrics are only added to');
end;

-- What the tasks that are not deleted were estimated at and took, kept by the triggers below.
create table estimates (
    id               integer primary key check (id = 1),
    tasks            integer not null,      -- that have an estimate of time
    time_estimate_ms integer not null,
    time_actual_ms   integer not null,      -- of those
    points           integer not null
) strict;

insert into estimates (id, tasks, time_estimate_ms, time_actual_ms, points)
select
    1, count(time_estimate_ms), coalesce(sum(time_estimate_ms), 0),
    coalesce(sum(time_actual_ms) filter (where time_estimate_ms is not null), 0), coalesce(sum(points), 0)
from tasks
where deleted_at is null;

create trigger tasks_estimated_on_insert after insert on tasks
when new.deleted_at is null and (new.time_estimate_ms is not null or new.points is not null)
begin
    update estimates
    set tasks = tasks + (new.time_estimate_ms is not null),
        time_estimate_ms = time_estimate_ms + coalesce(new.time_estimate_ms, 0),
        time_actual_ms = time_actual_ms + iif(new.time_estimate_ms is null, 0, new.time_actual_ms),
        points = points + coalesce(new.points, 0);
end;

create trigger tasks_estimated_on_update
after update of time_estimate_ms, time_actual_ms, points, deleted_at on tasks
when coalesce(old.time_estimate_ms, new.time_estimate_ms, old.points, new.points) is not null
begin
    update estimates
    set tasks = tasks + (new.deleted_at is null and new.time_estimate_ms is not null)
            - (old.deleted_at is null and old.time_estimate_ms is not null),
        time_estimate_ms = time_estimate_ms
            + iif(new.deleted_at is null, coalesce(new.time_estimate_ms, 0), 0)
            - iif(old.deleted_at is null, coalesce(old.time_estimate_ms, 0), 0),
        time_actual_ms = time_actual_ms
            + iif(new.deleted_at is null and new.time_estimate_ms is not null, new.time_actual_ms, 0)
            - iif(old.deleted_at is null and old.time_estimate_ms is not null, old.time_actual_ms, 0),
        points = points
            + iif(new.deleted_at is null, coalesce(new.points, 0), 0)
            - iif(old.deleted_at is null, coalesce(old.points, 0), 0);
end;

create trigger tasks_estimated_on_delete after delete on tasks
when old.deleted_at is null and (old.time_estimate_ms is not null or old.points is not null)
begin
    update estimates
    set tasks = tasks - (old.time_estimate_ms is not null),
        time_estimate_ms = time_estimate_ms - coalesce(old.time_estimate_ms, 0),
        time_actual_ms = time_actual_ms - iif(old.time_estimate_ms is null, 0, old.time_actual_ms),
        points = points - coalesce(old.points, 0);
end;
