-- The bots of conversations that are older than the column for them.
UPDATE conversations SET bot = (
	SELECT CASE
		WHEN b GLOB '????????-????-????-????-????????????' AND b = lower(b) AND length(unhex(replace(b, '-', ''))) = 16
		THEN unhex(replace(b, '-', '')) ELSE b END
	FROM (SELECT CAST(fields AS TEXT) ->> '$.b' AS b))
WHERE bot IS NULL AND CASE WHEN json_valid(CAST(fields AS TEXT)) THEN CAST(fields AS TEXT) ->> '$.b' <> '' END;
