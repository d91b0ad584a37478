-- bench_seed (the neutral data set of the benchmark kit) -> our tables, into a freshly prepared database:
--   psql -v n=100000 -f seed_neutral.sql DB;  psql -f bench/map_ours.sql DB;  manage.py rebuild_clocks
-- Before it: manage.py prepare, and one run of manage.py seed --tickets 1, which makes company, policy and calendar.
\set ON_ERROR_STOP on
set client_min_messages = warning;
begin;

insert into tickets_team (name, open_to_all_agents, cc_rule, reopen_days, close_after_days, is_active, created_at)
  select 'Queue ' || i, true, 'propose', 14, 7, true, now() from generate_series(1, 6) i;
-- The first one is a supervisor: agents see no reports.
insert into tickets_user (email, name, role, password, phone, language, time_zone, preferences, is_active, created_at)
  select 'agent' || i || '@bench.example', 'Agent Number ' || i, case i when 1 then 'supervisor' else 'agent' end, '!', '', '', '', '{}', true, now()
  from generate_series(1, 5) i;
insert into tickets_user (email, name, role, password, phone, language, time_zone, preferences, is_active, created_at)
  select requester_email, split_part(requester_email, '@', 1), 'customer', '!', '', '', '', '{}', true, min(created)
  from bench_seed.ticket group by requester_email
  on conflict do nothing;

create temporary table queue as select row_number() over (order by id) as no, id from tickets_team where name like 'Queue %';
create temporary table agent as
  select row_number() over (order by id) as no, id from tickets_user where email like 'agent%@bench.example';
create temporary table base as select coalesce(max(id), 0) as ticket, (select coalesce(max(id), 0) from tickets_message) as message
  from tickets_ticket;
create temporary table rules as
  select (select max(id) from sla_policyversion) as policy, (select max(id) from sla_calendarversion) as calendar;

create temporary table whole as
  select t.*, base.ticket + t.n as id, u.id as requester, q.id as team, a.id as assignee,
         case status when 'pending' then 'waiting' else status end as our_status
  from bench_seed.ticket t cross join base
  join tickets_user u on u.email = t.requester_email join queue q on q.no = t.queue_no left join agent a on a.no = t.agent_no;
create unique index on whole (n);

create temporary table said as
  select base.message + row_number() over (order by ticket_n, place) as id, spoken.* from (
    select n as ticket_n, 0 as place, created as at, null::bigint as agent, true as public, body from whole
    union all
    select e.ticket_n, e.seq, e.at, a.id, e.public or e.agent_no = 0, e.body
    from bench_seed.event e left join agent a on a.no = e.agent_no) spoken cross join base;

insert into tickets_ticket (id, subject, requester_id, organization_id, team_id, assignee_id, priority, status, type, channel, spoke_first,
    opened_at, updated_at, resolved_at, closed_at, unanswered_since, last_customer_at, event_seq, last_event_at)
  select id, initcap(subject) || case when body like '% refundable%' then ' refundable' else '' end
      || case when body like '% zebrafish%' then ' zebrafish' else '' end,
    requester, null, team, assignee, priority, our_status, 'question', 'mail', 'customer', created, created,
    case when our_status in ('resolved', 'closed') then greatest(resolved_at, created) end,
    case when our_status = 'closed' then greatest(resolved_at, created) end, null, created, 0, null
  from whole order by n;
insert into tickets_message (id, ticket_id, public, author_id, by, automatic, channel, text, fresh, quoted, html, said_at, visible_at,
    held, internet_message_id, "references")
  select s.id, w.id, s.public, coalesce(s.agent, w.requester), case when s.agent is null then 'customer' else 'agent' end, false, 'mail',
    s.body, s.body, '', '', s.at, s.at, false, '', ''
  from said s join whole w on w.n = s.ticket_n order by s.id;

create temporary table happened as
  select w.id as ticket_id, w.created as at, 0 as rank, 0 as place, 'ticket.opened' as kind, w.requester as actor, s.id as message,
    jsonb_build_object('requester', w.requester, 'organization', null, 'team', w.team, 'assignee', w.assignee, 'priority', w.priority,
      'type', 'question', 'status', 'new', 'channel', 'mail', 'spoke_first', 'customer', 'message', s.id, 'human', true, 'follows', null) as data
  from whole w join said s on s.ticket_n = w.n and s.place = 0
  union all
  select w.id, w.created, 1, 0, 'sla.applied', null, null,
    jsonb_build_object('policy_version', rules.policy, 'calendar_version', rules.calendar) from whole w cross join rules
  union all
  select w.id, s.at, 2, s.place, case when s.public then 'ticket.replied' else 'ticket.noted' end, coalesce(s.agent, w.requester), s.id,
    case when s.public then jsonb_build_object('message', s.id, 'human', true, 'channel', 'mail',
      'by', case when s.agent is null then 'customer' else 'agent' end) else jsonb_build_object('message', s.id) end
  from whole w join said s on s.ticket_n = w.n and s.place > 0
  union all
  select w.id, greatest(w.resolved_at, w.created), 3, 0,
    case w.our_status when 'waiting' then 'ticket.set_waiting' when 'closed' then 'ticket.closed' when 'resolved' then 'ticket.resolved'
      else 'ticket.set_open' end, w.assignee, null, jsonb_build_object('status', jsonb_build_array('new', w.our_status))
  from whole w;
insert into tickets_event (ticket_id, seq, kind, subject_kind, subject_id, actor_id, at, recorded_at, data)
  select ticket_id, row_number() over story, kind, case when message is null then '' else 'tickets.message' end, message, actor,
    max(at) over story, now(), data
  from happened window story as (partition by ticket_id order by rank, at, place);

update tickets_ticket t set event_seq = e.seq, last_event_at = e.at, updated_at = e.at
  from (select ticket_id, max(seq) as seq, max(at) as at from tickets_event group by ticket_id) e where e.ticket_id = t.id;
select setval(pg_get_serial_sequence('tickets_ticket', 'id'), (select max(id) from tickets_ticket)),
  setval(pg_get_serial_sequence('tickets_message', 'id'), (select max(id) from tickets_message));
commit;
vacuum analyze;
select (select count(*) from tickets_ticket) as tickets, (select count(*) from tickets_message) as messages,
  (select count(*) from tickets_event) as events, pg_size_pretty(pg_database_size(current_database())) as db;
