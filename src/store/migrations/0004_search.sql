-- What can be searched. An index costs more than the change it follows, so that
-- nothing is indexed when it is written: a search indexes what is new, then looks.
-- Until then a task is in none of the indexes; what is in one fits its row.

-- How far each source is indexed: tasks by age, thoughts by their number in the feed.
create table search_progress (
    source text primary key check (source in ('tasks', 'thoughts')),
    until  integer not null
) strict, without rowid;

insert into search_progress (source, until) values ('tasks', 0), ('thoughts', 0);

-- Tasks within that reach that changed since, and are out of the index.
create table search_due (
    n integer primary key
) strict;

-- A generated id is known by its last digits.
create view task_texts as
select n, case when length(id) = 36 then substr(id, -8) else id end as id, title, description
from tasks;

create virtual table tasks_fts using fts5 (
    id, title, description, content = 'task_texts', content_rowid = 'n', tokenize = 'porter unicode61'
);

-- An age can come back when the youngest task is removed for good.
create trigger tasks_searched_on_insert after insert on tasks
when new.n <= (select until from search_progress where source = 'tasks')
begin
    insert into search_due (n) values (new.n) on conflict do nothing;
end;

-- Before, because the index wants to be told what it forgets.
create trigger tasks_searched_on_update before update of id, title, description on tasks
when old.n <= (select until from search_progress where source = 'tasks')
    and (old.id <> new.id or old.title <> new.title or old.description is not new.description)
begin
    insert into tasks_fts (tasks_fts, rowid, id, title, description)
    select 'delete', n, id, title, description
    from task_texts
    where n = old.n and not exists (select 1 from search_due where n = old.n);
    insert into search_due (n) values (old.n) on conflict do nothing;
end;

create trigger tasks_searched_on_delete before delete on tasks
when old.n <= (select until from search_progress where source = 'tasks')
begin
    insert into tasks_fts (tasks_fts, rowid, id, title, description)
    select 'delete', n, id, title, description
    from task_texts
    where n = old.n and not exists (select 1 from search_due where n = old.n);
    delete from search_due where n = old.n;
end;

-- Thoughts stand in the feed, which never changes.
create view thought_texts as
select id, after ->> 'thought' as thought
from events
where event = 'thought';

create virtual table thoughts_fts using fts5 (
    thought, content = 'thought_texts', content_rowid = 'id', tokenize = 'porter unicode61'
);

-- Gives each attachment the number that an index needs.
create table attachment_numbers (
    n               integer primary key,
    task_id         text not null,
    attachment_type text not null,
    sequence        integer not null,
    is_indexed      integer not null default 0 check (is_indexed in (0, 1)),
    unique (task_id, attachment_type, sequence)
) strict;

create index attachment_numbers_due on attachment_numbers (n) where is_indexed = 0;

insert into attachment_numbers (task_id, attachment_type, sequence)
select task_id, attachment_type, sequence from attachments;

-- Of what is text, the beginning: nobody should wait for the index of a whole book.
create view attachment_texts as
select
    numbered.n, name,
    case when mime_type like 'text/%' or mime_type like '%json%' or mime_type like '%xml%' or mime_type like '%yaml%'
            or mime_type in ('application/javascript', 'application/sql', 'application/toml', 'application/x-sh')
        then substr(content, 1, 65536)
    end as content
from attachment_numbers as numbered
join attachments as attached
    on attached.task_id = numbered.task_id
    and attached.attachment_type = numbered.attachment_type
    and attached.sequence = numbered.sequence;

create virtual table attachments_fts using fts5 (
    name, content, content = 'attachment_texts', content_rowid = 'n', tokenize = 'porter unicode61'
);

create trigger attachments_searched_on_insert after insert on attachments
begin
    insert into attachment_numbers (task_id, attachment_type, sequence)
    values (new.task_id, new.attachment_type, new.sequence);
end;

create trigger attachments_searched_on_update
before update of task_id, attachment_type, sequence, name, mime_type, content on attachments
begin
    insert into attachments_fts (attachments_fts, rowid, name, content)
    select 'delete', n, name, content
    from attachment_texts
    where n = (
        select n from attachment_numbers
        where task_id = old.task_id and attachment_type = old.attachment_type
            and sequence = old.sequence and is_indexed = 1);
    update attachment_numbers
    set task_id = new.task_id, attachment_type = new.attachment_type, sequence = new.sequence, is_indexed = 0
    where task_id = old.task_id and attachment_type = old.attachment_type and sequence = old.sequence;
end;

create trigger attachments_searched_on_delete before delete on attachments
begin
    insert into attachments_fts (attachments_fts, rowid, name, content)
    select 'delete', n, name, content
    from attachment_texts
    where n = (
        select n from attachment_numbers
        where task_id = old.task_id and attachment_type = old.attachment_type
            and sequence = old.sequence and is_indexed = 1);
    delete from attachment_numbers
    where task_id = old.task_id and attachment_type = old.attachment_type and sequence = old.sequence;
end;

-- What agents say of this program.
create table feedback (
    id        integer primary key autoincrement,
    timestamp integer not null,
    worker_id text,
    message   text not null check (length(message) between 1 and 2000),
    category  text not null check (category in ('tool', 'workflow', 'config', 'ux', 'general')),
    sentiment text check (sentiment in ('positive', 'negative', 'neutral', 'suggestion')),
    tool      text,
    task_id   text references tasks (id) on update cascade on delete set null
) strict;

create index feedback_task on feedback (task_id) where task_id is not null;
