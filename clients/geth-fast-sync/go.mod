// The versions of geth stand in versions/, one pair of files each; `build` chooses. This file is the module's place.
module syncheck/geth-fast-sync

go 1.25.0
