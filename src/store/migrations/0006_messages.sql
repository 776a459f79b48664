-- What workers and people say to each other. A message is written once, however many it is for.
create table messages (
    id        integer primary key autoincrement,    -- never given twice: a number in an old answer means one message
    sent_at   integer not null,
    sender    text,                                 -- a worker; null for a person at a shell
    kind      text not null check (kind in ('note', 'question', 'answer', 'stop', 'redirect')),
    address   text,                                 -- as the sender wrote it; null for whoever claims the task
    text      text not null,
    task_id   text references tasks (id) on update cascade on delete set null,
    reply_to  integer,                              -- may be gone, since messages are not kept for ever
    thread    integer not null,                     -- the message that began it; its own number if it did
    -- The task that nobody held when it was sent: who claims it gets the message.
    kept_for  text references tasks (id) on update cascade on delete set null
) strict;

create index messages_thread on messages (thread, id);
create index messages_task on messages (task_id, id) where task_id is not null;
create index messages_kept on messages (kept_for) where kept_for is not null;
create index messages_sent on messages (sent_at);

-- Whom a message is for, settled when it was sent, and what has become of it.
create table deliveries (
    worker_id  text not null references workers (id),
    message_id integer not null references messages (id) on delete cascade,
    urgent     integer not null check (urgent in (0, 1)),
    told_at    integer,     -- when it stood in an answer that went out, at least its beginning
    read_at    integer,     -- when it did so in full
    primary key (worker_id, message_id),
    check (read_at is null or told_at is not null)
) strict, without rowid;

create index deliveries_message on deliveries (message_id);
create index deliveries_untold on deliveries (worker_id, urgent desc, message_id) where told_at is null;
create index deliveries_unread on deliveries (worker_id, urgent desc, message_id) where read_at is null;

-- How many messages a worker was not told of. Kept by the triggers below, so that
-- a call without messages learns it from the row that it reads anyway.
alter table workers add column untold_messages integer not null default 0 check (untold_messages >= 0);

create trigger deliveries_counted_on_insert after insert on deliveries when new.told_at is null
begin
    update workers set untold_messages = untold_messages + 1 where id = new.worker_id;
end;

create trigger deliveries_counted_on_update after update of told_at on deliveries
when old.told_at is null and new.told_at is not null
begin
    update workers set untold_messages = untold_messages - 1 where id = new.worker_id;
end;

create trigger deliveries_counted_on_delete after delete on deliveries when old.told_at is null
begin
    update workers set untold_messages = untold_messages - 1 where id = old.worker_id;
end;
