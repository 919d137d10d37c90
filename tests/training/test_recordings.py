from pathlib import Path

import pytest

pytest.importorskip("soundfile", reason="the extra `train` is not installed")
pytest.importorskip("pyarrow", reason="the extra `train` is not installed")

import pyarrow
import pyarrow.parquet

from tests.training.sounds import encoded, put, tone
from voi.errors import ConfigError
from voi.training import manifest, recordings
from voi.training.recordings import Recording, find

TEXT = "the air is pure"


def facts(source: Path, **columns: str) -> list[tuple[str, str, str | None, str | None]]:
    return [(r.name, r.text, r.speaker, r.language) for r in find(source, **columns)]


def test_folder_with_text_beside_the_sound(tmp_path: Path) -> None:
    put(tmp_path / "a.wav", tone(1), text=TEXT)
    put(tmp_path / "Robin warm" / "wavs" / "b.flac", tone(1), text="\ufeffso are you")
    put(tmp_path / "c.mp3", tone(1))
    put(tmp_path / "Clips" / "d.WAV", tone(1))
    assert facts(tmp_path) == [
        ("Clips/d.WAV", "", None, None),
        ("Robin warm/wavs/b.flac", "so are you", "Robin warm", None),
        ("a.wav", TEXT, None, None),
        ("c.mp3", "", None, None),
    ]


def test_what_was_prepared_inside_is_not_found_again(tmp_path: Path) -> None:
    put(tmp_path / "a.wav", tone(1), text=TEXT)
    put(tmp_path / "prepared" / "wavs" / "a-1.wav", tone(1))
    (tmp_path / "prepared" / manifest.FILE).write_text("")
    assert [r.name for r in find(tmp_path)] == ["a.wav"]


def test_ljspeech(tmp_path: Path) -> None:
    sound = put(tmp_path / "wavs" / "LJ001-0001.wav", tone(1))
    (tmp_path / "metadata.csv").write_text(
        'LJ001-0001|Chapter 7 of "Printing", by N.|chapter seven of "printing", by N.\nLJ001-0002|only raw|\n'
    )
    first, second = find(tmp_path)
    assert first == Recording("LJ001-0001", sound, 'chapter seven of "printing", by N.')
    assert second.text == "only raw"
    assert second.sound is None


@pytest.mark.parametrize(
    "table",
    [
        "audio_file|text|speaker_name|language\nclips/a.wav|one, two|Robin|en\n",
        'file_name,transcription,speaker,lang\nclips/a.wav,"one, two",Robin,en\n',
        "Audio_File;Text;Speaker_Name;Language\nclips/a.wav;one, two;Robin;en\n",
        "locale\tsentence\tpath\tclient_id\nen\tone, two\ta.wav\tRobin\n",
    ],
)
def test_table_with_a_header(tmp_path: Path, table: str) -> None:
    sound = put(tmp_path / "clips" / "a.wav", tone(1))
    (tmp_path / "metadata.csv").write_text(table)
    (found,) = find(tmp_path / "metadata.csv")
    assert (found.sound, found.text, found.speaker, found.language) == (sound, "one, two", "Robin", "en")


def test_cells_over_several_lines(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text('filename,text\na.wav,"one\u2028two\nthree"\nb.wav,"four, five"\n')
    assert [found.text.split() for found in find(tmp_path)] == [["one", "two", "three"], ["four,", "five"]]


def test_an_open_quotation_mark_swallows_no_recordings(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text('file_name,text\na.wav,one\nb.wav,"two\nc.wav,three\nd.wav,"four"\n')
    with pytest.raises(ConfigError, match=r"metadata.csv line 3 cannot be read"):
        list(find(tmp_path))
    (tmp_path / "metadata.csv").write_text('path\tsentence\na.mp3\t"Why?" he asked.\nb.mp3\t"So what\nc.mp3\tone\n')
    assert [found.text for found in find(tmp_path)] == ['"Why?" he asked.', '"So what', "one"]


def test_what_is_read_of_texts_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "TEXT_LIMIT_BYTES", 7)
    monkeypatch.setattr(recordings, "TABLE_LIMIT_BYTES", 20)
    put(tmp_path / "a.wav", tone(1), text=TEXT)
    assert [found.text for found in find(tmp_path)] == ["the air"]
    (tmp_path / "metadata.csv").write_text(f"a|{TEXT}|{TEXT}\n")
    with pytest.raises(ConfigError, match="too large for a table"):
        list(find(tmp_path))


def test_a_table_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    put(tmp_path / "secret.wav", tone(1))
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.wav").symlink_to(tmp_path / "secret.wav")
    (inside / "metadata.csv").write_text(f"../secret.wav|{TEXT}|\n{tmp_path}/secret.wav|{TEXT}|\nlink|{TEXT}|\n")
    assert [found.sound for found in find(inside)] == [None, None, None]


def test_a_folder_is_not_left_by_links(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("nobody may know")
    put(tmp_path / "secret.wav", tone(1))
    inside = tmp_path / "inside"
    put(inside / "a.wav", tone(1))
    (inside / "a.txt").symlink_to(tmp_path / "secret.txt")
    (inside / "b.wav").symlink_to(tmp_path / "secret.wav")
    (inside / "c.wav").symlink_to("c.wav")
    assert facts(inside) == [("a.wav", "", None, None)]


@pytest.mark.parametrize("name", ["a" * 5_000, "a.wav\0x", ".", "..", "~root/a", "/dev/zero", "wavs"])
def test_names_of_nothing(tmp_path: Path, name: str) -> None:
    put(tmp_path / "wavs" / "a.wav", tone(1))
    (tmp_path / "metadata.csv").write_text(f"{name}|{TEXT}|\n")
    (found,) = find(tmp_path)
    assert found.sound is None
    pyarrow.parquet.write_table(pyarrow.table({"audio": [name], "text": [TEXT]}), tmp_path / "a.parquet")
    (found,) = find(tmp_path / "a.parquet")
    assert found.sound is None
    assert len(found.name) <= 200


def test_names_do_no_harm_to_a_terminal(tmp_path: Path) -> None:
    put(tmp_path / "only" / "\x1b[31mred.wav", tone(1), text=TEXT)
    rows = {"audio": [encoded(tone(1))], "text": [TEXT], "speaker": ["\x1b[2J\nRobin"]}
    pyarrow.parquet.write_table(pyarrow.table(rows), tmp_path / "a.parquet")
    (in_folder,), (in_parquet,) = find(tmp_path / "only"), find(tmp_path / "a.parquet")
    assert in_folder.name.isprintable()
    assert in_parquet.speaker == "[2J Robin"


def test_a_cell_too_large_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("file_name,text\na.wav,ok\na.wav," + "x" * 200_000 + "\n")
    with pytest.raises(ConfigError, match=r"metadata.csv line 3 cannot be read.*limit"):
        list(find(tmp_path))


@pytest.mark.parametrize("cell", [[0.1] * 5_000, {"array": [0.1], "sampling_rate": 16_000}, 7])
def test_cells_that_are_no_sound(tmp_path: Path, cell: object) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"audio": [cell], "text": [TEXT]}), tmp_path / "a.parquet")
    assert [found.sound for found in find(tmp_path)] == [None]


def test_a_table_without_text_names_its_columns(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("audio,words\na.wav,hello\n")
    with pytest.raises(ConfigError, match=r"no column of text: its columns are audio, words.*--text-column"):
        list(find(tmp_path))
    assert facts(tmp_path, text_column="words") == [("a.wav", "hello", None, None)]


def test_parquet_with_sound_inside(tmp_path: Path) -> None:
    wav = encoded(tone(1))
    rows = {"audio": [{"bytes": wav, "path": "a.wav"}] * 40, "text": [TEXT] * 39 + [None], "speaker_id": [7] * 40}
    pyarrow.parquet.write_table(pyarrow.table(rows), tmp_path / "train-0.parquet")
    found = list(find(tmp_path))
    assert len(found) == 40
    assert found[33] == Recording("train-0.parquet row 33 (a.wav)", wav, TEXT, "7")
    assert found[39].text == ""


def test_parquet_is_read_a_row_at_a_time(tmp_path: Path) -> None:
    """A small file may hold much: a cell that stands in many rows is stored once."""
    pyarrow.parquet.write_table(
        pyarrow.table({"audio": [bytes(500_000)] * 40, "text": [TEXT] * 40}), tmp_path / "a.parquet"
    )
    before, most = pyarrow.total_allocated_bytes(), 0
    for _ in find(tmp_path / "a.parquet"):
        most = max(most, pyarrow.total_allocated_bytes() - before)
    assert most < 8 * 500_000


def test_parquet_with_bytes_or_paths(tmp_path: Path) -> None:
    wav = encoded(tone(1))
    pyarrow.parquet.write_table(pyarrow.table({"wav": [wav], "sentence": [TEXT]}), tmp_path / "a.parquet")
    assert next(iter(find(tmp_path / "a.parquet"))).sound == wav
    sound = put(tmp_path / "clips" / "b.wav", tone(1))
    for path in ("clips/b.wav", {"bytes": None, "path": "clips/b.wav"}):
        table = pyarrow.table({"path": [path], "Text": [TEXT], "lang": ["de"]})
        pyarrow.parquet.write_table(table, tmp_path / "b.parquet")
        assert next(iter(find(tmp_path / "b.parquet"))) == Recording(
            "b.parquet row 0 (clips/b.wav)", sound, TEXT, None, "de"
        )


def test_a_data_set_as_it_is_downloaded(tmp_path: Path) -> None:
    """Hugging Face's have their parquet files in a folder `data`."""
    (tmp_path / "data").mkdir()
    for name in ("train-1", "train-0"):
        table = pyarrow.table({"audio": [encoded(tone(1))], "text": [name]})
        pyarrow.parquet.write_table(table, tmp_path / "data" / f"{name}.parquet")
    assert [found.text for found in find(tmp_path)] == ["train-0", "train-1"]


def test_what_is_no_source_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no"):
        find(tmp_path / "nothing")
    with pytest.raises(ConfigError, match=r"holds no metadata.csv, no parquet file and no sound"):
        list(find(tmp_path))
    (tmp_path / "x.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(ConfigError, match="cannot be read as parquet"):
        list(find(tmp_path / "x.parquet"))
    (tmp_path / "metadata.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        list(find(tmp_path / "metadata.csv"))
