-- resolves: Parcel
-- source: facts
select id, width, height from parcels
