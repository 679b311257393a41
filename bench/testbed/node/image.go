// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

// SetImage has an image, by its name without tag, stand for another command from now on:
// what is started of it next is another program, or has other first arguments. No command
// at all makes it stand again for what the node was started with.
func (a *Agent) SetImage(name string, command ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.images == nil {
		a.images = map[string][]string{}
	}
	if len(command) == 0 {
		delete(a.images, name)
		return
	}
	a.images[name] = command
}

// image is the command that an image stands for.
func (a *Agent) image(of string) ([]string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if command, set := a.images[imageName(of)]; set {
		return command, true
	}
	return a.o.image(of)
}
