// Command go-check verifies a Dostyk log with Go's own transparency-log packages, which share no code
// with this project: the checkpoint's signature (sumdb/note), every tile up to the root, the root
// itself and an inclusion proof for every entry (sumdb/tlog).
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run main.go http://127.0.0.1:7001/log 'demo.kz.dostyk/log+1a2b3c4d+AT…'
package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fetch(url string) []byte {
	answer, err := http.Get(url)
	if err != nil {
		log.Fatalf("fetching %s: %v", url, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		log.Fatalf("fetching %s: %s", url, answer.Status)
	}
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatalf("reading %s: %v", url, err)
	}
	return data
}

// path is C2SP tlog-tiles' path: Go's own without the tile height.
func path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}

type tiles struct{ prefix string }

func (tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, tile := range wanted {
		data[i] = fetch(t.prefix + "/" + path(tile))
	}
	return data, nil
}

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go-check LOG-PREFIX VERIFIER-KEY")
	}
	prefix := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	if err != nil {
		log.Fatalf("reading the verifier key: %v", err)
	}
	opened, err := note.Open(fetch(prefix+"/checkpoint"), note.VerifierList(verifier))
	if err != nil {
		log.Fatalf("opening the checkpoint: %v", err)
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		log.Fatalf("reading the size: %v", err)
	}
	rootBytes, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(rootBytes) != tlog.HashSize {
		log.Fatalf("reading the root: %v", err)
	}
	var signedRoot tlog.Hash
	copy(signedRoot[:], rootBytes)
	tree := tlog.Tree{N: size, Hash: signedRoot}
	reader := tlog.TileHashReader(tree, tiles{prefix})

	if size == 0 {
		// Go gives the empty tree a hash of zeros, RFC 6962 the hash of nothing: there is nothing to compare.
		fmt.Printf("%s: empty, signature verified\n", lines[0])
		return
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil || root != tree.Hash {
		log.Fatalf("recomputing the root: %v", err)
	}
	for index := int64(0); index < size; {
		width := size - index
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: -1, N: index / 256, W: int(width)}
		bundle := fetch(prefix + "/" + strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1))
		for ; width > 0; width-- {
			if bundle[0] != 0 || bundle[1] != 32 {
				log.Fatalf("entry %d is not 32 bytes", index)
			}
			leaf := tlog.RecordHash(bundle[2:34])
			proof, err := tlog.ProveRecord(size, index, reader)
			if err != nil {
				log.Fatalf("proving entry %d: %v", index, err)
			}
			if err := tlog.CheckRecord(proof, size, tree.Hash, index, leaf); err != nil {
				log.Fatalf("checking entry %d: %v", index, err)
			}
			bundle, index = bundle[34:], index+1
		}
	}
	fmt.Printf("%s: %d entries, root, tiles, signature and %d inclusion proofs verified\n", lines[0], size, size)
}
