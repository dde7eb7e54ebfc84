-- The photo database: one file photos.db in the work folder. Run anew on files of an older version, so that tables
-- are only added; views are made anew.
DROP VIEW IF EXISTS kept_photos;
DROP VIEW IF EXISTS described_photos;
DROP VIEW IF EXISTS current_decisions;

-- One row a page that an engine gave, in the last round in which it was asked for.
CREATE TABLE IF NOT EXISTS searches (
    engine TEXT NOT NULL, query TEXT NOT NULL, label TEXT NOT NULL, page INTEGER NOT NULL,
    found INTEGER NOT NULL, at TEXT NOT NULL,
    fresh INTEGER,                                        -- of the found, those that the query had not given before
    round INTEGER NOT NULL DEFAULT 1,
    rank INTEGER NOT NULL DEFAULT 0,                      -- after which the label's hits may be of it
    PRIMARY KEY (label, engine, query, page)
) WITHOUT ROWID;

-- One row a search result, whatever became of it.
CREATE TABLE IF NOT EXISTS hits (
    id INTEGER PRIMARY KEY,
    label TEXT NOT NULL, rank INTEGER NOT NULL,          -- its place among the label's hits
    engine TEXT NOT NULL, query TEXT NOT NULL,
    image TEXT NOT NULL, page TEXT NOT NULL, title TEXT NOT NULL, licence TEXT NOT NULL, author TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'stored', 'duplicate', 'failed')),
    reason TEXT NOT NULL DEFAULT '',
    photo TEXT REFERENCES photos (sha256),
    UNIQUE (label, rank)
);
CREATE INDEX IF NOT EXISTS hits_by_state ON hits (label, status, rank);
CREATE INDEX IF NOT EXISTS hits_by_image ON hits (label, image);
CREATE INDEX IF NOT EXISTS hits_by_photo ON hits (photo);

-- One row a stored file, under the label of the first hit that led to it.
CREATE TABLE IF NOT EXISTS photos (
    sha256 TEXT PRIMARY KEY, phash TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL,
    label TEXT NOT NULL, hit INTEGER NOT NULL REFERENCES hits (id)
);
CREATE INDEX IF NOT EXISTS photos_by_label ON photos (label, phash);

-- The folder that the photos of a class lie in, noted once.
CREATE TABLE IF NOT EXISTS folders (label TEXT PRIMARY KEY, folder TEXT NOT NULL) WITHOUT ROWID;

-- What a photo's file was like when its bytes were last found to be right: its size and times.
CREATE TABLE IF NOT EXISTS sound_files (photo TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;

-- What was forgotten: photos, perceptual hashes of them and of their likely copies, and hashes of the addresses which
-- are not to be fetched again.
CREATE TABLE IF NOT EXISTS forgotten_photos (sha256 TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forgotten_hashes (phash TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forgotten_addresses (address TEXT PRIMARY KEY) WITHOUT ROWID;

-- What a check thinks: score from 0 (fine) to 1 (surely wrong), a better label with its probability, the
-- photo it is a copy of.
CREATE TABLE IF NOT EXISTS issues (
    photo TEXT NOT NULL REFERENCES photos (sha256), "check" TEXT NOT NULL,
    score REAL NOT NULL CHECK (score BETWEEN 0 AND 1), label TEXT, twin TEXT, probability REAL,
    PRIMARY KEY (photo, "check")
) WITHOUT ROWID;

-- How likely a label is a photo's right one, as far as the photos that teach can tell.
CREATE TABLE IF NOT EXISTS trust (
    photo TEXT PRIMARY KEY REFERENCES photos (sha256), label TEXT NOT NULL,
    probability REAL NOT NULL CHECK (probability BETWEEN 0 AND 1)
) WITHOUT ROWID;

-- A class that is likelier than the label of `trust`, where there is one: what training learns the photo as.
CREATE TABLE IF NOT EXISTS likelier (
    photo TEXT PRIMARY KEY REFERENCES photos (sha256), label TEXT NOT NULL,
    probability REAL NOT NULL CHECK (probability BETWEEN 0 AND 1)
) WITHOUT ROWID;

-- What a data set says of photos: the values of a recipe's outputs; of a missing one there is no row.
CREATE TABLE IF NOT EXISTS readings (
    photo TEXT NOT NULL, output TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (photo, output)
) WITHOUT ROWID;

-- What was decided, by the rules ('auto') or by a person. An undone decision stays as a row, and so does one about a
-- photo whose file was lost: it counts again once the photo is back.
CREATE TABLE IF NOT EXISTS decisions (
    id INTEGER PRIMARY KEY,
    photo TEXT NOT NULL,                                  -- sha256
    action TEXT NOT NULL CHECK (action IN ('keep', 'drop', 'relabel')),
    label TEXT, "by" TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0,
    choice INTEGER                                        -- the same number for photos decided about at once
);
CREATE INDEX IF NOT EXISTS decisions_by_photo ON decisions (photo, undone);

-- What a person saw in a photo of the blind sample, whose label was hidden: one of `classes`, which were on offer, none
-- of them, or nothing that could be told. One row a photo; it counts again once a lost photo is back.
CREATE TABLE IF NOT EXISTS blind_answers (
    id INTEGER PRIMARY KEY,
    photo TEXT NOT NULL UNIQUE,                           -- sha256
    seen TEXT NOT NULL CHECK (seen IN ('class', 'none', 'unclear')), label TEXT,
    classes TEXT NOT NULL, "by" TEXT NOT NULL, at TEXT NOT NULL
);

-- The decision that counts for each photo: a person's before the rules', the last before earlier ones.
CREATE VIEW current_decisions AS
SELECT photo, action, label, "by", reason FROM (
    SELECT *, row_number() OVER (PARTITION BY photo ORDER BY "by" = 'auto', id DESC) AS place
    FROM decisions WHERE undone = 0 AND photo IN (SELECT sha256 FROM photos)
) WHERE place = 1;

-- Every stored photo with where it comes from and what was decided about it. Where the estimate is about another label
-- than the one that counts, as after an undo, what is left of the probability is the most that this one can have. A
-- label that nobody has estimated or decided is as likely right as the others of its class are in the mean. No class is
-- likelier where a person decided, or undid what the rules had.
CREATE VIEW described_photos AS
SELECT labelled.*, decided_by <> 'auto' OR trust.photo IS NOT NULL AS label_rated, CASE
    WHEN decided_by <> 'auto' THEN 1.0
    WHEN trust.label = labelled.label THEN trust.probability
    WHEN trust.label IS NOT NULL THEN 1 - trust.probability
    ELSE coalesce(means.probability, (SELECT avg(probability) FROM trust), 1.0)
END AS label_quality, coalesce(likelier.label, '') AS likelier, coalesce(likelier.probability, 0) AS likelier_quality
FROM (
    SELECT photos.sha256, phash, photos.width, photos.height, photos.label AS found_as, hits.image, hits.page,
           hits.title, hits.licence, hits.author, hits.rank,
           coalesce(action, '') AS action, coalesce("by", 'auto') AS decided_by,
           CASE action WHEN 'relabel' THEN current_decisions.label ELSE photos.label END AS label
    FROM photos JOIN hits ON hits.id = photos.hit
        LEFT JOIN current_decisions ON current_decisions.photo = photos.sha256
) AS labelled LEFT JOIN trust ON trust.photo = sha256
    LEFT JOIN likelier ON likelier.photo = sha256 AND decided_by = 'auto' AND trust.label = labelled.label
    AND likelier.label <> labelled.label
    AND sha256 NOT IN (SELECT photo FROM decisions WHERE "by" = 'auto' AND undone = 2)  -- by a person
    LEFT JOIN (SELECT label, avg(probability) AS probability FROM trust GROUP BY label) AS means
    ON means.label = labelled.label;

-- The photos that training uses.
CREATE VIEW kept_photos AS
SELECT * FROM described_photos WHERE action <> 'drop';
