CALL app.publish('achievements');
