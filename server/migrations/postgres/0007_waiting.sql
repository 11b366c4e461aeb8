-- Waiting batches are looked for by what they follow and by their place, whatever else of their log waits or forked.
create index batch_waiting_after on batch (prev) where state = 'waiting';
create index batch_waiting_at on batch (generation, code, device_id, seq) where state = 'waiting';
